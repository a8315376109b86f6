// What the server itself reads: what comes back to the addresses that mail is sent from, and
// reports about domains of ours.
#include "conclusion.hpp"
#include "local_delivery.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/report/received_report.hpp>

namespace postrider::delivery {

namespace {

using Kind = Verdict::Kind;
using flow::AddressFailure;
using store::LocalKind;

store::Recipient recipient_at(std::string address) {
  return {.address = std::move(address), .orcpt = {}, .notify = {}, .local = {}};
}

std::string postmaster_of(const std::string& address) {
  return "postmaster" + address.substr(address.rfind('@'));
}

}  // namespace

// Once, however often the message is tried: what it says does not change.
void LocalDelivery::tell(const Item& item, std::vector<flow::Event> events) const {
  if (doors_.events == nullptr || item.attempts() > 0) {
    return;
  }
  for (flow::Event& event : events) {
    doors_.events->emit(std::move(event));
  }
}

engine::Task<LocalPlan> LocalDelivery::plan_server(const Item& item, store::Recipient recipient,
                                                   flow::OnwardFacts facts) {
  if (doors_.returns != nullptr) {
    auto own = doors_.returns->addresses().read(recipient.address, item.envelope->received_at);
    if (own && own->kind == flow::OwnAddress::Kind::returned) {
      co_return co_await plan_return(item, std::move(recipient), *std::move(own), std::move(facts));
    }
    if (own && doors_.local.reports != nullptr) {
      co_return co_await plan_report(item, std::move(recipient), std::move(facts));
    }
  }
  // It was ours when it was accepted: a reload has changed that.
  co_return co_await plan_reader(item, std::move(recipient), {}, std::move(facts));
}

engine::Task<LocalPlan> LocalDelivery::plan_return(const Item& item, store::Recipient recipient,
                                                   flow::OwnAddress own, flow::OnwardFacts facts) {
  const auto first = co_await read_first(item);
  if (!first) {
    co_return unreadable(first.error());
  }
  auto finding = co_await doors_.returns->judge(
      own.about, {first->view(), item.envelope->reverse_path, facts.now});
  tell(item, std::move(finding.events));
  std::string reader = std::move(finding.sender);
  switch (own.rule.to) {
    case flow::ReturnRule::To::nobody:
      co_return ended(item, verdict(Kind::delivered, "2.1.5",
                                    "told as an event, and kept by nobody: as configured"));
    case flow::ReturnRule::To::address:
      reader = own.rule.reader;
      break;
    case flow::ReturnRule::To::sender:
      break;
  }
  // A report about a report would go round.
  const auto& addresses = doors_.returns->addresses();
  if (const auto again = addresses.read(reader, facts.now);
      again || again.error() != flow::OwnAddressError::not_ours) {
    co_return ended(item, verdict(Kind::delivered, "2.1.5",
                                  "dropped: it is about what came from a return address itself"));
  }
  co_return co_await plan_reader(item, std::move(recipient), std::move(reader), std::move(facts));
}

engine::Task<LocalPlan> LocalDelivery::plan_report(const Item& item, store::Recipient recipient,
                                                   flow::OnwardFacts facts) {
  using End = flow::ReportReading::End;
  flow::ReportReading reading;
  if (item.envelope->size_octets > report::received_report_limits::mail_octets) {
    reading.end = End::refused;
    reading.text = describe(report::ReceivedReportError::hostile);
  } else {
    // No deadline: those before it end.
    const auto place = co_await room_.acquire(units_of(item), engine::Until{});
    if (!place) {
      co_return unreadable(store::StoreError::closed);
    }
    auto octets = co_await read_all(item);
    if (!octets) {
      co_return unreadable(octets.error());
    }
    reading = co_await doors_.local.reports->read(*std::move(octets));
  }
  if (reading.end == End::store_failed) {
    co_return ended(item, verdict(Kind::deferred, "4.3.0", reading.text));
  }
  if (reading.end != End::not_a_report) {
    flow::Event event =
        make_event(flow::EventKind::report_received, item, facts.now, recipient.address);
    event.domain = reading.domain;
    event.remote = reading.reporter;
    event.text = (reading.end == End::refused ? "refused: " : "") + reading.text;
    std::vector<flow::Event> events;
    events.push_back(std::move(event));
    tell(item, std::move(events));
  }
  if (reading.end == End::kept || reading.end == End::repeated) {
    co_return ended(item, verdict(Kind::delivered, "2.1.5", reading.text));
  }
  // People write there too: who has the address reads it, or the postmaster.
  std::string reader = recipient.address;
  co_return co_await plan_reader(item, std::move(recipient), std::move(reader), std::move(facts));
}

engine::Task<LocalPlan> LocalDelivery::plan_reader(const Item& item, store::Recipient recipient,
                                                   std::string reader, flow::OnwardFacts facts) {
  const std::string postmaster = postmaster_of(recipient.address);
  const bool is_own = reader == recipient.address;
  if (is_own) {  // the address of a mailbox, perhaps: it can't be placed, since it is the server's
    if (const auto owner = co_await doors_.local.directory->owner(reader)) {
      recipient.local = {LocalKind::mailbox, owner->account, {}};
      co_return co_await plan_mailbox(item, std::move(recipient), {});
    }
  }
  if (reader.empty() || is_own) {
    reader = postmaster;
  }
  for (bool is_last = reader == postmaster;; is_last = true, reader = postmaster) {
    std::vector<store::Recipient> wanted;
    wanted.push_back(recipient_at(reader));
    const auto placed = co_await doors_.local.directory->place(std::move(wanted));
    if (!placed) {
      co_return refused(item, placed.error());
    }
    if (placed->size() == 1 && placed->front().local.kind == LocalKind::mailbox) {
      recipient.local = placed->front().local;
      co_return co_await plan_mailbox(item, std::move(recipient), {});
    }
    const auto hosted =
        co_await doors_.local.directory->is_hosted(reader.substr(reader.rfind('@') + 1));
    if (!hosted) {
      co_return refused(item, hosted.error());
    }
    const bool is_somebody = !*hosted || placed->size() > 1 ||
                             (!placed->empty() && placed->front().local.kind != LocalKind::none);
    if (is_somebody) {
      recipient.local = {LocalKind::forward, reader, {}};
      co_return co_await plan_forward(item, std::move(recipient), std::move(facts));
    }
    if (is_last) {
      co_return refused(item, AddressFailure::unknown);
    }
  }
}

// A bounce, or a complaint, that came to a mailbox, and says by an envelope id or a return address
// of ours what it is about.
engine::Task<void> LocalDelivery::tell_of_report(const Item& item, WallTime now) {
  if (doors_.returns == nullptr || !doors_.returns->addresses().has_rules() ||
      item.attempts() > 0) {
    co_return;
  }
  const auto first = co_await read_first(item);
  if (!first) {
    co_return;  // said when it is filed
  }
  const flow::ReturnedMail mail{first->view(), item.envelope->reverse_path, now};
  if (flow::ReturnDesk::may_be_report(mail)) {
    auto finding = co_await doors_.returns->judge_other(mail);
    tell(item, std::move(finding.events));
  }
}

}  // namespace postrider::delivery
