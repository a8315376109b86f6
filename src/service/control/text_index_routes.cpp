#include "routes.hpp"

#include <array>

#include <postrider/base/json.hpp>
#include <postrider/flow/text_index.hpp>

// The full-text index of an account's mail.
namespace postrider::control {

namespace {

std::string_view word_for(const flow::TextIndexState& state) {
  if (state.is_busy) {
    return "building";
  }
  if (!state.exists) {
    return "absent";  // nobody has searched, or the disk is full
  }
  return state.indexed + state.skipped >= state.messages ? "current" : "behind";
}

engine::Task<http::Response> tell(Call call, bool rebuilds) {
  flow::TextIndexDesk* index = call.ports.text_index;
  if (index == nullptr || call.ports.mailboxes == nullptr) {
    co_return error_response(503,
                             "there is no index here: start the server, with "
                             "mailbox.search_index = true");
  }
  const std::string name(call.argument);
  const auto account = co_await call.ports.mailboxes->find_account(name);
  if (!account) {
    co_return mail_error_response(account.error(), name);
  }
  if (rebuilds) {
    co_await index->rebuild(*account, name);
  }
  const auto state = co_await index->state(*account);
  if (!state) {
    co_return mail_error_response(store::MailError::io, name);
  }
  std::string body;
  JsonWriter(body)
      .begin_object()
      .member("account", name)
      .member("state", word_for(*state))
      .member("messages", state->messages)
      .member("indexed", state->indexed)
      .member("skipped", state->skipped)
      .member("bytes", state->size_bytes)
      .end_object();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> show(Call call) {
  return tell(call, false);
}

engine::Task<http::Response> rebuild(Call call) {
  return tell(call, true);
}

}  // namespace

std::span<const Route> text_index_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/mailboxes/*/index", show},
      {"POST", "/v1/mailboxes/*/index", rebuild},
  });
  return routes;
}

}  // namespace postrider::control
