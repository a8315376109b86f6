#include "start_state.hpp"

#include "queue_reader.hpp"
#include "record_codec.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>

namespace postrider::store {
namespace {

constexpr std::string_view format_word = "format";
constexpr std::string_view format_now = "1";
constexpr std::string_view secret_word = "secret";
constexpr std::string_view largest_word = "largest_id";
constexpr std::size_t secret_octets = 32;

[[noreturn]] void refuse(const std::string& problem, const std::string& remedy) {
  throw std::runtime_error("the store " + problem + ": " + remedy);
}

std::optional<std::string> load_word(const Kv& kv, std::string_view word) {
  const auto value = kv.get(Family::meta, word, Read::any);
  if (!value) {
    if (value.error() == KvError::not_found) {
      return std::nullopt;
    }
    refuse("can't be read (meta " + std::string(word) + ")", "check the disk, restore a backup");
  }
  auto text = decode_word(word, *value);
  if (!text) {
    refuse("has a damaged record (meta " + std::string(word) +
               "): " + std::string(describe(text.error())),
           "restore it from a backup");
  }
  return *std::move(text);
}

void put_word(Batch& batch, std::string_view word, std::string_view text) {
  batch.put(Family::meta, std::string(word), encode_word(word, text));
}

void check_format(const Kv& kv, Batch& batch) {
  const auto format = load_word(kv, format_word);
  if (!format) {
    put_word(batch, format_word, format_now);
  } else if (*format != format_now) {
    refuse(
        "has format " + quoted_for_log(*format) + ", this program reads " + std::string(format_now),
        "start the version of the program that wrote it, or a newer one");
  }
}

std::string load_secret(const Kv& kv, Batch& batch, Random& random) {
  if (auto secret = load_word(kv, secret_word)) {
    return *std::move(secret);
  }
  std::string secret(secret_octets, '\0');
  random.fill(std::as_writable_bytes(std::span(secret)));
  put_word(batch, secret_word, secret);
  return secret;
}

MessageId find_largest_id(const Kv& kv) {
  MessageId largest;
  for (const Family family : {Family::env, Family::stage, Family::body, Family::journal}) {
    if (const auto key = kv.last_key(family)) {
      largest = std::max(largest, parse_message_key(*key).value_or(MessageId()));
    }
  }
  if (const auto word = load_word(kv, largest_word)) {
    largest = std::max(largest, MessageId(parse_decimal(*word).value_or(0)));
  }
  return largest;
}

}  // namespace

StartState load_start_state(Kv& kv, Random& random) {
  StartState state;
  Batch batch;
  check_format(kv, batch);
  state.secret = load_secret(kv, batch, random);
  if (!batch.is_empty()) {
    kill_point("store.open.before_format");
    if (!kv.write(batch, true)) {
      refuse("can't be written", "check that the disk is sound and has space");
    }
    kill_point("store.open.format_written");
  }
  state.largest_id = find_largest_id(kv);
  auto begun = QueueReader(kv).journal();
  if (!begun) {
    refuse("has a journal that can't be read", "check the disk, restore a backup");
  }
  state.begun = *std::move(begun);
  const auto staged = kv.walk(Family::stage, {});
  for (; staged->is_valid(); staged->next()) {
    if (const auto id = parse_message_key(staged->key())) {
      state.staged.push_back(*id);
    }
  }
  kill_point("store.open.state_loaded");
  return state;
}

void save_largest_id(Kv& kv, MessageId id) {
  Batch batch;
  put_word(batch, largest_word, std::to_string(id.value()));
  kill_point("store.close.before_largest_id");
  (void)kv.write(batch, true);  // best effort: only a clock that steps back would miss it
}

}  // namespace postrider::store
