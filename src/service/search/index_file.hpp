#pragma once

#include "index_database.hpp"

#include <string>
#include <utility>
#include <vector>
#include <xapian.h>

// What reading and writing an index share. Only here and in their .cpp files Xapian is known.
namespace postrider::search {

inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view format_now = "1";
inline constexpr std::string_view account_key = "account";
inline constexpr char body_prefix = 'B';
inline constexpr char header_prefix = 'H';

// Thrown within the room where a record is not what it should be.
struct Damage {};

[[nodiscard]] std::string mailbox_key(store::MailboxId mailbox);
[[nodiscard]] std::string mailbox_term(store::MailboxId mailbox);
// Throws Damage.
void check_format(const Xapian::Database& database);
[[nodiscard]] IndexedMailbox decode_mailbox(std::string_view record);
[[nodiscard]] std::string encode_mailbox(const IndexedMailbox& mailbox);
// As many as `mailbox` knows, ascending.
[[nodiscard]] std::vector<Xapian::docid> documents_of(const Xapian::Database& database,
                                                      store::MailboxId id,
                                                      const IndexedMailbox& mailbox);

// Whether there is anything in it.
[[nodiscard]] bool has_index_files(const std::string& directory);

// Xapian reports by exceptions: they end here. A reader that a writer has overtaken by two commits
// begins again.
template <class T, class Work>
[[nodiscard]] IndexResult<T> guarded(const std::string& directory, Work work) {
  constexpr int tries_max = 5;
  for (int tries = 0; tries < tries_max; ++tries) {
    try {
      return work();
    } catch (const Xapian::DatabaseModifiedError&) {
      continue;
    } catch (const Xapian::DatabaseNotFoundError&) {
      return failure(IndexError::absent);
    } catch (const Xapian::DatabaseCorruptError&) {
      return failure(IndexError::damaged);
    } catch (const Xapian::DatabaseVersionError&) {
      return failure(IndexError::damaged);
    } catch (const Xapian::DatabaseLockError&) {
      return failure(IndexError::failed);
    } catch (const Xapian::DatabaseOpeningError&) {
      // There, and none: a crash while it was made, or a file has gone.
      return failure(has_index_files(directory) ? IndexError::damaged : IndexError::absent);
    } catch (const Xapian::DatabaseError& error) {
      // One that the system has no word for is about what stands in the files.
      return failure(error.get_error_string() == nullptr ? IndexError::damaged
                                                         : IndexError::failed);
    } catch (const Xapian::Error&) {
      return failure(IndexError::failed);
    } catch (const Damage&) {
      return failure(IndexError::damaged);
    }
  }
  return failure(IndexError::failed);
}

}  // namespace postrider::search
