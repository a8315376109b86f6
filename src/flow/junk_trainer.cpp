#include "http_answer.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/flow/junk_trainer.hpp>

namespace postrider::flow {

namespace {

// rspamd's controller: 208, it has learnt the message before; 204, its conditions want no more of
// this kind just now.
constexpr std::uint16_t http_ok = 200;
constexpr std::uint16_t http_not_wanted = 204;
constexpr std::uint16_t http_known_already = 208;

std::string request_head(const TeacherSettings& teacher, const Lesson& lesson,
                         std::uint64_t octets) {
  http::Request request;
  request.method = "POST";
  request.target = lesson.kind == LessonKind::spam ? "/learnspam" : "/learnham";
  request.keep_alive = false;
  if (!teacher.password.empty()) {
    request.fields.push_back({"password", teacher.password});
  }
  // Its statistics may be kept for each user.
  request.fields.push_back({"deliver-to", quoted_for_log(lesson.account_name, 320)});
  std::string out;
  http::encode_request_head(request, "rspamd", octets, out);
  return out;
}

}  // namespace

std::optional<LessonKind> lesson_of(store::SpecialUse from, store::SpecialUse to) {
  using store::SpecialUse;
  if (from == to) {
    return std::nullopt;
  }
  if (to == SpecialUse::junk) {
    return LessonKind::spam;
  }
  return from == SpecialUse::junk && to != SpecialUse::trash ? std::optional(LessonKind::ham)
                                                             : std::nullopt;
}

JunkTrainer::JunkTrainer(Doors doors)
    : doors_(doors),
      teachers_(std::make_shared<const std::vector<TeacherSettings>>()),
      gate_(doors.reactor) {}

void JunkTrainer::set(std::vector<TeacherSettings> teachers) {
  if (teachers == *teachers_) {
    return;
  }
  counters_.assign(teachers.size(), {});
  teachers_ = std::make_shared<const std::vector<TeacherSettings>>(std::move(teachers));
}

void JunkTrainer::learn(Lesson lesson) {
  if (teachers_->empty() || lesson.uids.empty()) {
    return;
  }
  if (lesson.uids.size() > trainer_limits::waiting - waiting_) {
    dropped_ += lesson.uids.size();
    if (!std::exchange(is_full_, true)) {
      tell("too much junk is being sorted: some of it is not learnt");
    }
    return;
  }
  waiting_ += lesson.uids.size();
  lessons_.push_back(std::move(lesson));
  if (!is_working_) {
    if (auto pass = gate_.enter()) {
      is_working_ = true;
      doors_.reactor.spawn(work(std::move(pass)));
    }
  }
}

engine::Task<void> JunkTrainer::drain() {
  co_await gate_.drain(doors_.reactor.now());
}

engine::Task<void> JunkTrainer::work(engine::Gate::Pass pass) {
  const auto inside = std::move(pass);
  while (!lessons_.empty() && !gate_.is_closed()) {
    const Lesson lesson = std::move(lessons_.front());
    lessons_.pop_front();
    for (const store::Uid uid : lesson.uids) {
      if (gate_.is_closed()) {
        break;
      }
      co_await teach_all(lesson, uid);
      --waiting_;
    }
  }
  is_working_ = false;
  is_full_ = false;
}

engine::Task<void> JunkTrainer::teach_all(const Lesson& lesson, store::Uid uid) {
  const auto rows = co_await doors_.mailboxes.facts(lesson.account, lesson.mailbox, {uid});
  const auto detail = co_await doors_.mailboxes.detail(lesson.account, lesson.mailbox, uid);
  if (!rows || rows->empty() || !detail) {
    co_return;  // it has been purged
  }
  const auto teachers = teachers_;
  for (const TeacherSettings& teacher : *teachers) {
    const bool is_large =
        teacher.octets_max != 0 && rows->front().facts.size_bytes() > teacher.octets_max;
    if (is_large) {
      if (teachers == teachers_) {
        ++counters_[static_cast<std::size_t>(&teacher - teachers->data())].passed_over;
      }
      continue;
    }
    Answer answer;
    for (unsigned tried = 1;; ++tried) {
      answer = co_await teach(teacher, lesson, rows->front(), detail->trace);
      if (answer.outcome != Outcome::unreachable || tried == trainer_limits::tries ||
          gate_.is_closed()) {
        break;
      }
      // (void): a stop shows in the gate.
      (void)co_await doors_.reactor.sleep_for(trainer_limits::pause, gate_.closing());
    }
    if (teachers == teachers_) {
      note(teacher, answer);
    }
  }
}

engine::Task<JunkTrainer::Answer> JunkTrainer::teach(const TeacherSettings& teacher,
                                                     const Lesson& lesson,
                                                     const store::MailRow& row, std::string trace) {
  const engine::Until until{doors_.reactor.now() + teacher.timeout, gate_.killing()};
  const auto unreachable = [](std::string text) {
    return Answer{Outcome::unreachable, std::move(text)};
  };
  auto stream = co_await doors_.reactor.connect({.to = teacher.address, .source = {}}, until);
  if (!stream) {
    co_return unreachable("it can't be reached: " + std::string(engine::describe(stream.error())));
  }
  std::string piece = request_head(teacher, lesson, trace.size() + row.facts.body_bytes) + trace;
  for (std::uint64_t at = 0;;) {
    if (const auto sent = co_await (*stream)->send(piece, until); !sent) {
      if (sent.error() == engine::IoError::reset) {
        break;  // it may have said why
      }
      co_return unreachable("it takes nothing: " + std::string(engine::describe(sent.error())));
    }
    if (at == row.facts.body_bytes) {
      break;
    }
    const auto next = co_await doors_.mailboxes.read_body(row.facts.blob, at);
    if (!next || next->view().empty()) {
      co_return Answer{Outcome::refused, "the message can't be read"};
    }
    piece = next->view();
    at += piece.size();
  }
  const auto response = co_await hear_answer(**stream, until);
  if (!response) {
    co_return unreachable(response.error());
  }
  if (response->status == http_ok || response->status == http_not_wanted ||
      response->status == http_known_already) {
    co_return Answer{};
  }
  co_return Answer{Outcome::refused, fmt::format("it answers with HTTP {}: {}", response->status,
                                                 quoted_for_log(response->body, 120))};
}

void JunkTrainer::note(const TeacherSettings& teacher, const Answer& answer) {
  Counters& counters = counters_[static_cast<std::size_t>(&teacher - teachers_->data())];
  if (answer.outcome == Outcome::learnt) {
    ++counters.learnt;
    if (std::exchange(counters.is_down, false)) {
      tell(teacher.name + " learns again");
    }
    return;
  }
  ++counters.failures;
  counters.last_failure = answer.text;
  if (!std::exchange(counters.is_down, true)) {
    tell(fmt::format("{} does not learn: {}: what users sort meanwhile is not learnt", teacher.name,
                     answer.text));
  }
}

void JunkTrainer::tell(std::string text) {
  if (doors_.events == nullptr) {
    return;
  }
  Event event;
  event.kind = EventKind::filter;
  event.time = doors_.reactor.wall_now();
  event.text = std::move(text);
  doors_.events->emit(std::move(event));
}

}  // namespace postrider::flow
