#include <benchmark/benchmark.h>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/canonicalization.hpp>
#include <postrider/codec/dkim/signer.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider {
namespace {

constexpr std::string_view password_reset_header =
    "Received: from app (localhost [127.0.0.1])\r\n"
    "\tby mail.example.org with ESMTPSA id 0123456789ABC\r\n"
    "\tfor <ben@example.net>; Sun, 22 Nov 2026 14:52:24 +0000\r\n"
    "From: Example Shop <no-reply@example.org>\r\n"
    "To: Ben <ben@example.net>\r\n"
    "Subject: =?utf-8?q?Reset_your_password?=\r\n"
    "Date: Sun, 22 Nov 2026 14:52:24 +0000\r\n"
    "Message-ID: <0123456789ABC@example.org>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/alternative; boundary=\"b1\"\r\n"
    "List-Unsubscribe: <https://example.org/u/0123456789>\r\n"
    "\r\n";

void scan_header_of_a_password_reset(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(mime::scan_header(password_reset_header));
  }
}
BENCHMARK(scan_header_of_a_password_reset);

void canonicalize_relaxed_header(benchmark::State& state) {
  const auto header = mime::scan_header(password_reset_header);
  for (auto _ : state) {
    for (const auto& field : header->fields()) {
      benchmark::DoNotOptimize(
          dkim::canonicalize_field(field.raw, dkim::Canonicalization::relaxed));
    }
  }
}
BENCHMARK(canonicalize_relaxed_header);

// One blank in each line that goes away.
std::string body_of(std::size_t octets) {
  std::string body;
  while (body.size() < octets) {
    body +=
        "Someone asked for a new password  for this account. If that was you, follow the link.\r\n";
  }
  return body;
}

void hash_relaxed_body(benchmark::State& state) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    dkim::BodyHasher hasher(dkim::Canonicalization::relaxed);
    hasher.update(body);
    benchmark::DoNotOptimize(hasher.finish());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(hash_relaxed_body)->Arg(4 << 10)->Arg(64 << 10);

// The floor of the above.
void digest_of_body(benchmark::State& state) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(sha256(body));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(digest_of_body)->Arg(4 << 10)->Arg(64 << 10);

void scan_address_list(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(mime::parse_address_list(
        "Ben Example <ben@example.net>, \"Ann, of Sales\" <ann@example.com>, carl@example.org"));
  }
}
BENCHMARK(scan_address_list);

// A signature of a message whose body hash is known: what signing adds to hashing.
template <class Key>
void sign_with(benchmark::State& state, const Key& key) {
  check(key.has_value(), "a key can be made");
  const auto header = mime::scan_header(password_reset_header);
  const Sha256Digest body_hash{};
  const dkim::SignOptions options{
      .domain = "example.org", .selector = "s1", .identity = {}, .timestamp = 1, .expiry = {}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(dkim::sign(*header, body_hash, *key, options));
  }
  state.SetItemsProcessed(state.iterations());
}

void sign_rsa_2048(benchmark::State& state) {
  sign_with(state, SigningKey::generate_rsa(2048));
}
BENCHMARK(sign_rsa_2048)->Unit(benchmark::kMicrosecond);

void sign_ed25519(benchmark::State& state) {
  sign_with(state, SigningKey::generate_ed25519());
}
BENCHMARK(sign_ed25519)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace postrider

BENCHMARK_MAIN();
