#include <fmt/format.h>
#include <string>

#include <postrider/base/base64.hpp>
#include <postrider/base/hmac.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/base/text.hpp>

namespace postrider {
namespace {

constexpr std::string_view text_prefix = "SCRAM-SHA-256$";

// Cuts `text` at the first separator: what stands before it is returned, the rest stays.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const auto taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

std::optional<Sha256Digest> decode_digest(std::string_view text) {
  const auto octets = decode_base64(text);
  Sha256Digest digest;
  if (!octets || octets->size() != digest.octets.size()) {
    return std::nullopt;
  }
  octets->copy(digest.octets.data(), digest.octets.size());
  return digest;
}

}  // namespace

ScramVerifier derive_scram_sha256(std::string_view password, std::string_view salt,
                                  std::uint32_t iterations) {
  auto salted = pbkdf2_hmac_sha256(password, salt, iterations);
  auto client_key = hmac_sha256(salted.view(), "Client Key");
  ScramVerifier verifier{.salt = std::string(salt),
                         .iterations = iterations,
                         .stored_key = sha256(client_key.view()),
                         .server_key = hmac_sha256(salted.view(), "Server Key")};
  wipe(salted.octets.data(), salted.octets.size());
  wipe(client_key.octets.data(), client_key.octets.size());
  return verifier;
}

ScramVerifier made_up_scram_verifier(std::string_view user, std::string_view server_secret,
                                     std::uint32_t iterations) {
  const auto part = [&](std::string_view label) {
    HmacSha256 hmac(server_secret);
    hmac.update(label);
    hmac.update(user);
    return hmac.finish();
  };
  return {.salt = std::string(part("salt of ").view().substr(0, scram_salt_octets)),
          .iterations = iterations,
          .stored_key = part("stored key of "),
          .server_key = part("server key of ")};
}

std::string encode_scram_verifier(const ScramVerifier& verifier) {
  return fmt::format("{}{}:{}${}:{}", text_prefix, verifier.iterations,
                     encode_base64(verifier.salt), encode_base64(verifier.stored_key.view()),
                     encode_base64(verifier.server_key.view()));
}

std::optional<ScramVerifier> parse_scram_verifier(std::string_view text) {
  if (!text.starts_with(text_prefix)) {
    return std::nullopt;
  }
  text.remove_prefix(text_prefix.size());
  const auto count_text = take_until(text, ':');
  const auto salt_text = take_until(text, '$');
  const auto stored_text = take_until(text, ':');
  if (!count_text || !salt_text || !stored_text) {
    return std::nullopt;
  }
  const auto count = parse_decimal(*count_text);
  auto salt = decode_base64(*salt_text);
  const auto stored = decode_digest(*stored_text);
  const auto server = decode_digest(text);
  if (!count || *count == 0 || *count > scram_iterations_limit || !salt || salt->empty() ||
      !stored || !server) {
    return std::nullopt;
  }
  return ScramVerifier{.salt = std::move(*salt),
                       .iterations = static_cast<std::uint32_t>(*count),
                       .stored_key = *stored,
                       .server_key = *server};
}

bool is_scram_client_proof(const ScramVerifier& verifier, std::string_view auth_message,
                           std::string_view proof) {
  auto client_key = hmac_sha256(verifier.stored_key.view(), auth_message);
  if (proof.size() != client_key.octets.size()) {
    return false;
  }
  for (std::size_t i = 0; i < proof.size(); ++i) {
    client_key.octets[i] = static_cast<char>(client_key.octets[i] ^ proof[i]);
  }
  const auto stored_key = sha256(client_key.view());
  wipe(client_key.octets.data(), client_key.octets.size());
  return constant_time_equal(stored_key.view(), verifier.stored_key.view());
}

Sha256Digest scram_server_signature(const ScramVerifier& verifier, std::string_view auth_message) {
  return hmac_sha256(verifier.server_key.view(), auth_message);
}

}  // namespace postrider
