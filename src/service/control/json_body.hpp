#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <postrider/base/result.hpp>

namespace postrider::control {

// A request's JSON object as control's routes take it: flat, texts, truths and lists of texts.
class JsonBody {
 public:
  using Value = std::variant<std::string, bool, std::vector<std::string>>;
  // An empty text is an empty object. `known`: the members that may stand there.
  // Errors: for people.
  [[nodiscard]] static Result<JsonBody, std::string> parse(
      std::string_view text, const std::vector<std::string_view>& known);

  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<bool> truth(std::string_view name) const;
  [[nodiscard]] std::optional<std::vector<std::string>> list(std::string_view name) const;

 private:
  template <class T>
  [[nodiscard]] std::optional<T> get(std::string_view name) const;
  std::map<std::string, Value, std::less<>> members_;
};

}  // namespace postrider::control
