#include "index_database.hpp"
#include "index_place.hpp"

#include <utility>

#include <postrider/service/search/text_indexer.hpp>

namespace postrider::search {
namespace {

constexpr Duration patience = std::chrono::seconds(30);    // for a place on the pool
constexpr Duration note_every = std::chrono::minutes(10);  // of one account
constexpr std::size_t noted_max = 10'000;

}  // namespace

engine::Task<flow::TextAnswers> CoreTextIndex::ask(flow::IndexedPlace place,
                                                   std::vector<flow::TextQuestion> questions) {
  const std::string directory = index_place(directory_, place.account);
  IndexResult<flow::TextAnswers> answers = failure(IndexError::failed);
  const auto look = [&] {
    answers = ask_index(directory, place.mailbox, place.uid_validity, questions, indexer_.memory());
  };
  // (void): without a place on the pool nothing is known.
  (void)co_await reactor_.offload(look, {reactor_.now() + patience, {}});
  TextIndexer::Asked asked{.owner = std::move(place.owner),
                           .is_absent = !answers && answers.error() == IndexError::absent,
                           .is_damaged = !answers && answers.error() == IndexError::damaged};
  cores_.post(reactor_, 0, [&indexer = indexer_, account = place.account, asked] {
    indexer.want(account, asked);
  });
  co_return answers ? *std::move(answers) : flow::TextAnswers();
}

void CoreTextIndex::note_used(store::MailAccountId account) {
  if (const auto at = noted_.find(account);
      at != noted_.end() && reactor_.now() < at->second + note_every) {
    return;
  }
  if (noted_.size() >= noted_max) {
    noted_.clear();
  }
  noted_[account] = reactor_.now();
  cores_.post(reactor_, 0, [&indexer = indexer_, account] { indexer.note_used(account); });
}

}  // namespace postrider::search
