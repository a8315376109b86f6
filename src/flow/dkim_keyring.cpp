#include <algorithm>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/codec/arc/sealer.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/signer.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/flow/dkim_keyring.hpp>

namespace postrider::flow {
namespace {

class Work final : public SigningWork {
 public:
  explicit Work(std::shared_ptr<const std::vector<DkimKey>> keys)
      : keys_(std::move(keys)), hasher_(dkim::Canonicalization::relaxed) {}

  void update(std::string_view body) override { hasher_.update(body); }

  Result<std::string, std::string> finish(std::string_view header, WallTime now) override {
    const auto section = mime::scan_header(header);
    if (!section) {
      return failure(std::string("the header can't be read for signing"));
    }
    const Sha256Digest body_hash = hasher_.finish();
    std::string out;
    for (const DkimKey& key : *keys_) {
      dkim::SignOptions options;
      options.domain = key.domain;
      options.selector = key.selector;
      options.timestamp = static_cast<std::uint64_t>(unix_seconds(now));
      const auto field = dkim::sign(*section, body_hash, key.key, options);
      if (!field) {
        return failure(key.selector + "._domainkey." + key.domain + ": " +
                       std::string(describe(field.error())));
      }
      out += *field;
      if (!out.ends_with("\r\n")) {
        out += "\r\n";
      }
    }
    return out;
  }

 private:
  std::shared_ptr<const std::vector<DkimKey>> keys_;
  dkim::BodyHasher hasher_;
};

// One set a message: a chain of them is followed by one key a hand.
class Seal final : public SealingWork {
 public:
  explicit Seal(std::shared_ptr<const std::vector<DkimKey>> keys)
      : keys_(std::move(keys)), hasher_(dkim::Canonicalization::relaxed) {}

  void update(std::string_view body) override { hasher_.update(body); }

  Result<std::string, std::string> finish(std::string_view header, const SealFacts& facts,
                                          WallTime now) override {
    const auto section = mime::scan_header(header);
    if (!section) {
      return failure(std::string("the header can't be read for sealing"));
    }
    const auto rsa = std::ranges::find(*keys_, KeyAlgorithm::rsa,
                                       [](const DkimKey& key) { return key.key.algorithm(); });
    const DkimKey& key = rsa == keys_->end() ? keys_->front() : *rsa;
    arc::SealOptions options;
    options.domain = key.domain;
    options.selector = key.selector;
    options.timestamp = static_cast<std::uint64_t>(unix_seconds(now));
    options.results = facts.results;
    options.chain = facts.chain;
    auto fields =
        arc::seal(*section, arc::read_chain(*section), hasher_.finish(), key.key, options);
    if (!fields && fields.error() == arc::SealError::key_failed) {
      return failure(key.selector + "._domainkey." + key.domain + ": the key can't seal");
    }
    return fields ? *std::move(fields) : std::string();
  }

 private:
  std::shared_ptr<const std::vector<DkimKey>> keys_;
  dkim::BodyHasher hasher_;
};

}  // namespace

DkimKeyring::DkimKeyring(std::vector<DkimKey> keys) {
  std::map<std::string, std::vector<DkimKey>, std::less<>> sorted;
  for (DkimKey& key : keys) {
    sorted[key.domain].push_back(std::move(key));
  }
  for (auto& [domain, list] : sorted) {
    by_domain_[domain] = std::make_shared<const std::vector<DkimKey>>(std::move(list));
  }
}

DkimKeyring::~DkimKeyring() = default;

// nullptr: there is none.
DkimKeyring::Keys DkimKeyring::keys_of(std::string_view domain) const {
  while (!domain.empty()) {
    if (const auto keys = by_domain_.find(domain); keys != by_domain_.end()) {
      return keys->second;
    }
    const std::size_t dot = domain.find('.');
    domain.remove_prefix(dot == domain.npos ? domain.size() : dot + 1);
  }
  return nullptr;
}

std::unique_ptr<SigningWork> DkimKeyring::begin(std::string_view from_domain) {
  auto keys = keys_of(from_domain);
  return keys ? std::make_unique<Work>(std::move(keys)) : nullptr;
}

std::unique_ptr<SealingWork> DkimKeyring::begin_seal(std::string_view domain) {
  auto keys = keys_of(domain);
  return keys ? std::make_unique<Seal>(std::move(keys)) : nullptr;
}

std::vector<DkimKey> DkimKeyring::clone_keys() const {
  std::vector<DkimKey> out;
  for (const auto& [domain, keys] : by_domain_) {
    for (const DkimKey& key : *keys) {
      out.push_back({key.domain, key.selector, key.key.clone()});
    }
  }
  return out;
}

}  // namespace postrider::flow
