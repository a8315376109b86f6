#include "where.hpp"

#include "where_fields.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <optional>
#include <vector>

#include <postrider/base/text.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t text_limit = 1024;
constexpr std::size_t comparisons_limit = 64;
constexpr std::size_t depth_limit = 16;

constexpr auto operators = std::to_array<std::pair<std::string_view, Compare>>({
    {"!=", Compare::unequal},  // the longer ones first
    {"!~", Compare::unlike},
    {">=", Compare::at_least},
    {"<=", Compare::at_most},
    {"=", Compare::equal},
    {"~", Compare::like},
    {">", Compare::above},
    {"<", Compare::below},
});

}  // namespace

struct Where::Node {
  enum class Kind : std::uint8_t { all, any, none, compare } kind = Kind::compare;
  std::vector<std::unique_ptr<Node>> parts;  // `none` has one
  const Field* field = nullptr;
  Compare compare = Compare::equal;
  std::string text;
  std::int64_t number = 0;

  [[nodiscard]] bool matches(const Row& row) const {
    const auto part_matches = [&](const auto& part) { return part->matches(row); };
    switch (kind) {
      case Kind::all:
        return std::ranges::all_of(parts, part_matches);
      case Kind::any:
        return std::ranges::any_of(parts, part_matches);
      case Kind::none:
        return !parts.front()->matches(row);
      case Kind::compare:
        return field->number != nullptr ? holds(compare, field->number(row), number)
                                        : holds(compare, field->text(row), text);
    }
    return false;
  }
};

namespace {

class Parser {
 public:
  using Node = Where::Node;
  using Parsed = Result<std::unique_ptr<Node>, std::string>;
  explicit Parser(std::string_view text) : rest_(text) {}

  Parsed parse() {
    auto whole = parse_joined("or", Node::Kind::any);
    skip_space();
    if (whole && !rest_.empty()) {
      return failure(fmt::format("'{}' follows where nothing belongs: join with and, or",
                                 quoted_for_log(rest_, 40)));
    }
    return whole;
  }

 private:
  void skip_space() {
    rest_ = rest_.substr(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  bool take_word(std::string_view word) {
    skip_space();
    const bool stands =
        starts_with_ignoring_case(rest_, word) &&
        (rest_.size() == word.size() || rest_[word.size()] == ' ' || rest_[word.size()] == '(');
    if (stands) {
      rest_.remove_prefix(word.size());
    }
    return stands;
  }

  bool take(char c) {
    skip_space();
    const bool stands = rest_.starts_with(c);
    rest_.remove_prefix(stands ? 1 : 0);
    return stands;
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth_limit bounds it
  Parsed parse_joined(std::string_view word, Node::Kind kind) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    do {
      auto part = kind == Node::Kind::any ? parse_joined("and", Node::Kind::all) : parse_factor();
      if (!part) {
        return part;
      }
      node->parts.push_back(std::move(*part));
    } while (take_word(word));
    return node;
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth_limit bounds it
  Parsed parse_factor() {
    if (++depth_ > depth_limit) {
      return failure(std::string("nested too deeply"));
    }
    const bool negated = take_word("not");
    auto part = take('(') ? parse_group() : parse_comparison();
    --depth_;
    if (part && negated) {
      auto node = std::make_unique<Node>();
      node->kind = Node::Kind::none;
      node->parts.push_back(std::move(*part));
      return node;
    }
    return part;
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth_limit bounds it
  Parsed parse_group() {
    auto inner = parse_joined("or", Node::Kind::any);
    if (inner && !take(')')) {
      return failure(std::string("a ')' is missing"));
    }
    return inner;
  }

  Parsed parse_comparison() {
    if (++comparisons_ > comparisons_limit) {
      return failure(fmt::format("more than {} comparisons", comparisons_limit));
    }
    skip_space();
    const auto end = rest_.find_first_of("=!~<> \t()");
    const auto name = to_lower(rest_.substr(0, end));
    const auto fields = filter_fields();
    const auto field = std::ranges::find(fields, name, &Field::name);
    if (field == fields.end()) {
      return failure(unknown_field(name));
    }
    rest_.remove_prefix(name.size());
    skip_space();
    const auto found = std::ranges::find_if(
        operators, [&](const auto& entry) { return rest_.starts_with(entry.first); });
    if (found == operators.end()) {
      return failure(fmt::format("after '{}' comes one of = != ~ !~ > < >= <=", name));
    }
    rest_.remove_prefix(found->first.size());
    auto value = parse_value();
    if (!value) {
      return failure(std::move(value.error()));
    }
    return make_comparison(*field, found->second, std::move(*value));
  }

  static Parsed make_comparison(const Field& field, Compare compare, std::string value) {
    auto node = std::make_unique<Node>();
    node->field = &field;
    node->compare = compare;
    const bool glob = compare == Compare::like || compare == Compare::unlike;
    const bool order = compare != Compare::equal && compare != Compare::unequal && !glob;
    if (field.number == nullptr ? order : glob) {
      return failure(fmt::format("'{}' is a {}: compare it with {}", field.name,
                                 field.number == nullptr ? "text" : "number",
                                 field.number == nullptr ? "= != ~ !~" : "= != > < >= <="));
    }
    if (field.number != nullptr) {
      const auto number = field.parse(value);
      if (!number) {
        return failure(
            fmt::format("'{}' is not a value of {}", quoted_for_log(value, 40), field.name));
      }
      node->number = *number;
    }
    node->text = std::move(value);
    return node;
  }

  Result<std::string, std::string> parse_value() {
    skip_space();
    if (rest_.starts_with('"')) {
      const auto end = rest_.find('"', 1);
      if (end == rest_.npos) {
        return failure(std::string("a closing \" is missing"));
      }
      std::string value(rest_.substr(1, end - 1));
      rest_.remove_prefix(end + 1);
      return value;
    }
    const auto end = std::min(rest_.find_first_of(" \t()"), rest_.size());
    if (end == 0) {
      return failure(std::string("a value is missing (write \"\" for an empty one)"));
    }
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return value;
  }

  static std::string unknown_field(std::string_view name) {
    std::vector<std::string_view> known;
    std::string all;
    for (const Field& field : filter_fields()) {
      known.push_back(field.name);
      all += fmt::format("{}{}", all.empty() ? "" : " ", field.name);
    }
    const auto close = nearest(name, known);
    return fmt::format("unknown field '{}': {}", quoted_for_log(name, 40),
                       close ? fmt::format("did you mean '{}'?", *close) : "known are " + all);
  }

  std::string_view rest_;
  std::size_t depth_ = 0;
  std::size_t comparisons_ = 0;
};

}  // namespace

Where::Where() = default;
Where::Where(Where&&) noexcept = default;
Where& Where::operator=(Where&&) noexcept = default;
Where::~Where() = default;

Result<Where, std::string> Where::parse(std::string_view text) {
  Where where;
  if (trim_wsp(text).empty()) {
    return where;
  }
  if (text.size() > text_limit) {
    return failure(fmt::format("longer than {} characters", text_limit));
  }
  auto root = Parser(text).parse();
  if (!root) {
    return failure(std::move(root.error()));
  }
  where.root_ = std::move(*root);
  return where;
}

bool Where::matches(const Row& row) const {
  return !root_ || root_->matches(row);
}

}  // namespace postrider::control
