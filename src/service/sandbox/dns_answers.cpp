#include <algorithm>

#include <postrider/service/sandbox/dns_responder.hpp>

namespace postrider::sandbox {

namespace {

using dns::RecordType;

bool is_below_invalid(std::string_view name) {
  return name == "invalid" || name.ends_with(".invalid");
}

// The text of the selector that SELECTOR._domainkey.DOMAIN asks for, or nullptr.
const std::string* find_dkim_text(const DnsResponderSettings& settings, std::string_view name) {
  constexpr std::string_view mark = "._domainkey.";
  const std::size_t at = name.find(mark);
  if (at == std::string_view::npos) {
    return nullptr;
  }
  const auto found = settings.dkim_selectors.find(std::string(name.substr(0, at)));
  return found == settings.dkim_selectors.end() ? nullptr : &found->second;
}

class Answering {
 public:
  Answering(const DnsResponderSettings& settings, dns::Response& response)
      : settings_(settings), response_(response), name_(response.question.name) {}

  void run() {
    const bool is_mail_host = name_ == settings_.mail_host;
    const bool has_text = settings_.texts.contains(name_);
    if (is_below_invalid(name_) && !is_mail_host && !has_text &&
        find_dkim_text(settings_, name_) == nullptr) {
      response_.code = dns::ResponseCode::no_such_name;
    } else if (response_.question.type == RecordType::mx) {
      add_mx();
    } else if (response_.question.type == RecordType::txt) {
      add_text();
    } else if (is_mail_host) {
      add_addresses();
    }
    if (response_.answers.empty()) {
      response_.authorities.push_back(
          {.owner = "",
           .type = RecordType::soa,
           .ttl = settings_.ttl_s,
           .data = dns::Soa{.primary = settings_.mail_host, .minimum = settings_.ttl_s}});
    }
  }

 private:
  void add(decltype(dns::Record::data) data) {
    response_.answers.push_back({.owner = name_,
                                 .type = response_.question.type,
                                 .ttl = settings_.ttl_s,
                                 .data = std::move(data)});
  }
  void add_mx() {
    const bool none = std::ranges::find(settings_.null_mx, name_) != settings_.null_mx.end();
    add(none ? dns::Mx{} : dns::Mx{.preference = 10, .host = settings_.mail_host});
  }
  void add_text() {
    if (const auto text = settings_.texts.find(name_); text != settings_.texts.end()) {
      add(dns::Txt{.text = text->second});
    } else if (const std::string* key = find_dkim_text(settings_, name_)) {
      add(dns::Txt{.text = *key});
    }
  }
  void add_addresses() {
    for (const IpAddress& address : settings_.mail_host_addresses) {
      const bool v4 = address.family() == IpFamily::v4;
      if (response_.question.type == (v4 ? RecordType::a : RecordType::aaaa)) {
        add(address);
      }
    }
  }

  const DnsResponderSettings& settings_;
  dns::Response& response_;
  const std::string name_;
};

}  // namespace

dns::Response respond(const DnsResponderSettings& settings, const dns::Query& query) {
  dns::Response response{.id = query.id,
                         .question = query.question,
                         .authoritative = true,
                         .recursion_desired = query.recursion_desired,
                         .recursion_available = true};
  if (query.edns) {
    response.edns = dns::Edns{};
    if (query.edns->version != 0) {
      response.code = dns::ResponseCode::bad_version;
      return response;
    }
  }
  Answering(settings, response).run();
  return response;
}

}  // namespace postrider::sandbox
