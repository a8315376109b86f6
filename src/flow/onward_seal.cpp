#include "onward_seal.hpp"

#include <optional>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/authentication_results.hpp>

namespace postrider::flow {

namespace {

std::optional<arc::Status> status_of(std::string_view result) {
  for (const arc::Status status : {arc::Status::none, arc::Status::pass, arc::Status::fail}) {
    if (result == arc::name_of(status)) {
      return status;
    }
  }
  return std::nullopt;  // not known, and so not to be sealed
}

// What we wrote when it came in: the uppermost of the fields in our name, since those of others
// were taken off. nullopt: it was not judged, or there is nothing to build a seal on.
std::optional<SealFacts> found_out(const mime::HeaderSection& section,
                                   std::string_view authserv_id) {
  const mime::HeaderField* field = section.find("Authentication-Results");
  if (field == nullptr || !mime::claims_authserv_id(field->value, authserv_id)) {
    return std::nullopt;
  }
  const auto results = mime::parse_authentication_results(field->value);
  if (!results || !equals_ignoring_case(results->authserv_id, authserv_id)) {
    return std::nullopt;
  }
  // Without a chain there is no word about it.
  std::optional<arc::Status> chain = arc::Status::none;
  for (const mime::AuthenticationResult& result : results->results) {
    if (result.method == "arc") {
      chain = status_of(result.result);
    }
  }
  if (!chain || (*chain == arc::Status::none) == arc::read_chain(section).is_there()) {
    return std::nullopt;
  }
  return SealFacts{mime::encode_authentication_results(*results), *chain};
}

}  // namespace

OnwardSeal::OnwardSeal(Signer& signer, const Onward& onward, const OnwardFacts& facts,
                       std::string_view head)
    : now_(facts.now) {
  const auto section = mime::scan_header(head);
  if (!section) {
    return;
  }
  header_ = head.substr(0, section->body_offset());
  if (auto found = found_out(*section, facts.authserv_id)) {
    found_ = *std::move(found);
    sealing_ = signer.begin_seal(onward.domain);
  }
  if (onward.is_post) {
    signing_ = signer.begin(onward.domain);
  }
  update(head.substr(section->body_offset()));
}

void OnwardSeal::update(std::string_view body) {
  if (sealing_) {
    sealing_->update(body);
  }
  if (signing_) {
    signing_->update(body);
  }
}

std::string OnwardSeal::finish() {
  std::string out;
  if (signing_) {
    out = signing_->finish(header_, now_).value_or("");
  }
  if (sealing_) {
    const std::string header = out + std::string(header_);
    out.insert(0, sealing_->finish(header, found_, now_).value_or(""));
  }
  return out;
}

}  // namespace postrider::flow
