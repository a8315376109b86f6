#pragma once

#include "kv.hpp"

#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/shared_octets.hpp>
#include <postrider/base/time.hpp>
#include <postrider/store/mailbox_records.hpp>
#include <postrider/store/queue_records.hpp>
#include <postrider/store/queue_store.hpp>
#include <postrider/store/store_error.hpp>

// What a core asks of the committer. Records are encoded and sealed on the core, so that the one
// committer only puts them together.
namespace postrider::store {

struct CommitWork {
  std::shared_ptr<const Envelope> envelope;
  std::string envelope_record;
  SharedOctets octets;  // chunk 0
  std::string seal;
  bool has_stage = false;          // q.stage holds a marker of it
  std::vector<std::string> begun;  // records of the first attempts, by delivery; or none
  std::vector<std::pair<std::string, std::string>> facts;  // key, record
};
struct AppendWork {
  MessageId id;
  std::uint32_t chunk = 0;
  SharedOctets octets;
  std::string seal;
};
// Deletes the chunks of a staged message that will never be committed.
struct AbandonWork {
  MessageId id;
};
struct AttemptWork {
  DeliveryId delivery;
  std::string record;
};
struct SettleWork {
  struct Kept {
    std::string record;
    std::optional<WallTime> due;  // nullopt: held, does not come due
  };
  DeliveryId delivery;
  std::optional<Kept> kept;  // nullopt: the delivery has ended
  std::optional<CommitWork> report;
  bool is_void = false;  // out: the delivery had ended before, so the report was not committed
};
struct SyncWork {};
struct SetAsideWork {
  MessageId id;
  Family family = Family::env;
  std::string key;
  std::string reason;
};
// An entry of q.due whose delivery is no longer there.
struct DropDueWork {
  std::string key;
};
struct SaveNameWork {
  Family family = Family::account;
  std::string key;
  std::string record;
  bool expect_new = false;
};
struct RemoveNameWork {
  Family family = Family::account;
  std::string key;
};

struct ChangeFactsWork {
  std::vector<std::pair<std::string, std::string>> put;  // key, record
  std::vector<std::string> remove;
};
class MailBody;
// One change of an account's mail, as its home core has put it together.
struct MailWork {
  Batch batch;
  std::vector<std::shared_ptr<const MailBody>> bodies;  // written if they are not there
  std::vector<BlobId> named;     // bodies that stand, and may be missing in mb.same
  std::vector<BlobId> released;  // by references that `batch` removes: gone with the last of them
  std::optional<SettleWork> settle;
};

// On the frame of the coroutine that waits.
struct Reply {
  std::coroutine_handle<> waiting;
  StoreResult<void> result;
};

struct Request {
  std::variant<CommitWork, AppendWork, AbandonWork, AttemptWork, SettleWork, SyncWork, SetAsideWork,
               DropDueWork, SaveNameWork, RemoveNameWork, MailWork, ChangeFactsWork>
      work;
  CoreId core = 0;
  std::uint64_t bytes = 0;  // what it counts against the core's share of pending_bytes
  Reply* reply = nullptr;   // nullptr: nobody waits
  StoreResult<void> result;
  std::unique_ptr<SetAside> set_aside;  // out: what carrying it out found unreadable
  Request* next = nullptr;              // RequestQueue's
};
using Requests = std::vector<std::unique_ptr<Request>>;

}  // namespace postrider::store
