#include "backup_source.hpp"

#include <array>
#include <fmt/core.h>
#include <stdexcept>
#include <vector>

#include <postrider/store/backup_reader.hpp>

namespace postrider::app {

namespace {

std::string_view name_of(store::SpecialUse use) {
  constexpr std::array<std::string_view, 9> names{"",     "all",  "archive", "drafts",   "flagged",
                                                  "junk", "sent", "trash",   "important"};
  return names.at(static_cast<std::size_t>(use));
}

class BackupSource final : public tools::MailSource {
 public:
  BackupSource(const std::string& directory, const std::string& account)
      : reader_(store::BackupReader::open(directory)) {
    if (!reader_->find_account(account)) {
      throw std::runtime_error(fmt::format("{}: has no mail of {}: see `postrider backup check {}`",
                                           directory, account, directory));
    }
    mailboxes_ = reader_->mailboxes();
  }

  std::optional<tools::SourceFolder> next_folder() override {
    if (next_ == mailboxes_.size()) {
      return std::nullopt;
    }
    const store::Mailbox& mailbox = mailboxes_[next_++];
    at_ = mailbox.id;
    after_ = 0;
    return tools::SourceFolder{.name = mailbox.name,
                               .special_use = std::string(name_of(mailbox.special_use)),
                               .uid_validity = mailbox.uid_validity};
  }

  std::optional<tools::SourceMail> next_mail() override {
    auto mail = reader_->next(at_, after_);
    if (!mail) {
      return std::nullopt;
    }
    after_ = mail->uid;
    tools::SourceMail out{
        .octets = std::move(mail->octets),
        .trace_octets = mail->facts.trace_bytes,
        .keywords = std::move(mail->facts.flags.keywords),
        .date_ns = mail->facts.internal_date.time_since_epoch().count(),
        .uid = mail->uid,
        .place = fmt::format("{}, message {}", mailboxes_[next_ - 1].name, mail->uid),
        .problem = std::move(mail->problem)};
    constexpr std::array<char, 5> letters{'S', 'R', 'F', 'T', 'D'};  // in the order of SystemFlag
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if ((mail->facts.flags.system >> i & 1U) != 0) {
        out.flags += letters[i];
      }
    }
    return out;
  }

 private:
  std::unique_ptr<store::BackupReader> reader_;
  std::vector<store::Mailbox> mailboxes_;
  std::size_t next_ = 0;
  store::MailboxId at_{};
  store::Uid after_ = 0;
};

}  // namespace

std::unique_ptr<tools::MailSource> open_backup_source(const std::string& directory,
                                                      const std::string& account) {
  return std::make_unique<BackupSource>(directory, account);
}

}  // namespace postrider::app
