#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <postrider/base/result.hpp>

namespace postrider::control {

// A member that a route knows. Texts are taken for all kinds, as a CSV file has them: "yes", "42",
// "5GB", "a@example.org b@example.org".
struct BodyMember {
  enum class Kind : std::uint8_t { text, truth, number, size, list };
  std::string_view name;
  Kind kind = Kind::text;
};

// A request's JSON object as control's routes take it: flat, texts, truths, numbers and lists of
// texts.
class JsonBody {
 public:
  using Value = std::variant<std::string, bool, std::vector<std::string>, std::uint64_t>;
  // An empty text is an empty object. `known`: the members that may stand there; no numbers.
  // Errors: for people.
  [[nodiscard]] static Result<JsonBody, std::string> parse(
      std::string_view text, const std::vector<std::string_view>& known);

  // Each of the kind that is said.
  [[nodiscard]] static Result<JsonBody, std::string> parse(std::string_view text,
                                                           std::span<const BodyMember> known);

  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<bool> truth(std::string_view name) const;
  [[nodiscard]] std::optional<std::vector<std::string>> list(std::string_view name) const;

 private:
  static Result<JsonBody, std::string> parse_members(std::string_view text,
                                                     const std::vector<std::string_view>& known);
  template <class T>
  [[nodiscard]] std::optional<T> get(std::string_view name) const;
  std::map<std::string, Value, std::less<>> members_;
};

}  // namespace postrider::control
