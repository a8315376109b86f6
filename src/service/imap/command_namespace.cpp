#include "command_table.hpp"

#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {

// RFC 9051 6.3.10: one namespace, one's own.
engine::Task<Status> run_namespace(Client& client, const Command& command) {
  encode_namespaces({.personal = {""}, .other_users = {}, .shared = {}}, client.name_form(),
                    client.out());
  co_return completed(command);
}

}  // namespace postrider::imap
