#include "command_table.hpp"
#include "mailbox_access.hpp"

#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {

// RFC 9051 6.3.10: one's own, and what others share.
engine::Task<Status> run_namespace(Client& client, const Command& command) {
  Namespaces namespaces{.personal = {""}, .other_users = {}, .shared = {}};
  if (client.session->offers(Capability::acl)) {
    namespaces.other_users = {std::string(other_users) + hierarchy_separator};
  }
  encode_namespaces(namespaces, client.name_form(), client.out());
  co_return completed(command);
}

}  // namespace postrider::imap
