#include "config_check.hpp"
#include "config_options.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fstream>
#include <sstream>
#include <tuple>

#include <postrider/base/text.hpp>

namespace postrider::app {

namespace {

std::uint32_t line_of(const toml::node& node) {
  return node.source().begin.line;
}

// Reads tables by their option rows and gathers what is wrong.
class Loader {
 public:
  Loader(Config& config, std::vector<ConfigProblem>& problems)
      : config_(config), problems_(problems) {}

  void load(const toml::table& root) {
    read_options(root, top_options(), config_, "",
                 {"listener", "tls",      "dns",      "delivery", "tls_report", "dmarc_report",
                  "bounces",  "inbound",  "greylist", "filter",   "quarantine", "mailbox",
                  "pop3",     "imap",     "route",    "policy",   "dkim",       "log",
                  "limits",   "accounts", "oauth",    "engine",   "store"});
    read_list(root, "listener", listener_options(), config_.listeners);
    read_table(root, "tls", tls_options(), config_.tls, {"name"});
    if (const auto* tls = root["tls"].as_table()) {
      read_list(*tls, "name", certificate_options(), config_.tls.names, "tls.name");
    }
    read_table(root, "dns", dns_options(), config_.dns);
    read_table(root, "delivery", delivery_options(), config_.delivery);
    read_table(root, "tls_report", tls_report_options(), config_.tls_report);
    read_table(root, "dmarc_report", dmarc_report_options(), config_.dmarc_report);
    read_table(root, "bounces", bounces_options(), config_.bounces, {"of"});
    if (const auto* bounces = root["bounces"].as_table()) {
      read_list(*bounces, "of", bounces_of_options(), config_.bounces.of, "bounces.of");
    }
    read_table(root, "inbound", inbound_options(), config_.inbound, {"dnsbl", "domain_list"});
    read_table(root, "greylist", greylist_options(), config_.greylist);
    read_list(root, "filter", filter_options(), config_.filters);
    read_table(root, "quarantine", quarantine_options(), config_.quarantine);
    read_table(root, "mailbox", mailbox_options(), config_.mailbox);
    read_table(root, "pop3", pop3_options(), config_.pop3);
    read_table(root, "imap", imap_options(), config_.imap, {"hidden"});
    if (const auto* imap = root["imap"].as_table()) {
      read_list(*imap, "hidden", hidden_options(), config_.imap.hidden, "imap.hidden");
    }
    if (const auto* inbound = root["inbound"].as_table()) {
      read_list(*inbound, "dnsbl", dns_list_options(), config_.inbound.dnsbl, "inbound.dnsbl");
      read_list(*inbound, "domain_list", domain_list_options(), config_.inbound.domain_lists,
                "inbound.domain_list");
    }
    read_list(root, "route", route_options(), config_.routes);
    read_list(root, "policy", policy_options(), config_.policies);
    read_list(root, "dkim", dkim_options(), config_.dkim);
    read_table(root, "log", log_options(), config_.log);
    read_table(root, "limits", limits_options(), config_.limits);
    read_table(root, "accounts", accounts_options(), config_.accounts);
    read_table(root, "oauth", oauth_options(), config_.oauth);
    read_table(root, "engine", engine_options(), config_.engine);
    read_table(root, "store", store_options(), config_.store);
  }

 private:
  void report(std::uint32_t line, std::string problem, std::string remedy) {
    problems_.push_back({config_.file.string(), line, std::move(problem), std::move(remedy)});
  }

  template <class Section>
  void read_options(const toml::table& table, std::span<const Option<Section>> options,
                    Section& section, std::string_view name,
                    const std::vector<std::string_view>& subtables) {
    if constexpr (requires { section.line; }) {
      section.line = line_of(table);
    }
    for (const auto& [key, node] : table) {
      const auto row = std::ranges::find(options, key.str(), &Option<Section>::key);
      if (row != options.end()) {
        if (auto wrong = row->read(node, section)) {
          report(line_of(node), fmt::format("{}: {}", qualified(name, key.str()), wrong.problem),
                 wrong.remedy);
        }
      } else if (std::ranges::find(subtables, key.str()) == subtables.end()) {
        report_unknown(key, name, options, subtables);
      }
    }
    for (const auto& row : options) {
      if (row.required && !table.contains(row.key)) {
        report(name.empty() ? 1 : line_of(table),
               fmt::format("{} is missing", qualified(name, row.key)),
               fmt::format("add {} = ... ({})", row.key, row.type));
      }
    }
  }

  template <class Section>
  void report_unknown(const toml::key& key, std::string_view name,
                      std::span<const Option<Section>> options,
                      const std::vector<std::string_view>& subtables) {
    std::vector<std::string_view> known = subtables;
    for (const auto& row : options) {
      known.push_back(row.key);
    }
    const auto close = nearest(key.str(), known);
    std::string all;
    for (const auto word : known) {
      all += fmt::format("{}{}", all.empty() ? "" : ", ", word);
    }
    report(key.source().begin.line,
           fmt::format("unknown key '{}'", quoted_for_log(qualified(name, key.str()), 80)),
           close ? fmt::format("did you mean '{}'?", *close) : fmt::format("known here: {}", all));
  }

  template <class Section>
  void read_table(const toml::table& root, std::string_view name,
                  std::span<const Option<Section>> options, Section& section,
                  const std::vector<std::string_view>& subtables = {}) {
    const auto node = root[name];
    if (!node) {
      return;
    }
    if (const auto* table = node.as_table()) {
      read_options(*table, options, section, name, subtables);
    } else {
      report(line_of(*node.node()), fmt::format("{} is not a table", name),
             fmt::format("write [{}] and its keys below it", name));
    }
  }

  template <class Section>
  void read_list(const toml::table& root, std::string_view name,
                 std::span<const Option<Section>> options, std::vector<Section>& sections,
                 std::string_view shown = {}) {
    const auto full = shown.empty() ? name : shown;
    const auto node = root[name];
    if (!node) {
      return;
    }
    const auto* array = node.as_array();
    if (array == nullptr || !array->is_homogeneous<toml::table>()) {
      report(line_of(*node.node()), fmt::format("{} is not a list of tables", full),
             fmt::format("write [[{}]] once for each", full));
      return;
    }
    for (const auto& item : *array) {
      read_options(*item.as_table(), options, sections.emplace_back(), full, {});
    }
  }

  static std::string qualified(std::string_view section, std::string_view key) {
    return section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
  }

  Config& config_;
  std::vector<ConfigProblem>& problems_;
};

void make_absolute(std::filesystem::path& path, const std::filesystem::path& folder) {
  if (!path.empty() && path.is_relative()) {
    path = (folder / path).lexically_normal();
  }
}

void make_paths_absolute(Config& config) {
  const auto folder = std::filesystem::absolute(config.file).parent_path();
  make_absolute(config.data_dir, folder);
  make_absolute(config.tls.certificate, folder);
  make_absolute(config.tls.key, folder);
  make_absolute(config.tls.ca_file, folder);
  make_absolute(config.dns.trust_anchors, folder);
  make_absolute(config.bounces.rules, folder);
  make_absolute(config.oauth.secret_file, folder);
  for (auto& filter : config.filters) {
    make_absolute(filter.socket, folder);
    make_absolute(filter.learn_password_file, folder);
  }
  for (auto& listener : config.listeners) {
    make_absolute(listener.socket, folder);
  }
  for (auto& name : config.tls.names) {
    make_absolute(name.certificate, folder);
    make_absolute(name.key, folder);
  }
  for (auto& route : config.routes) {
    make_absolute(route.password_file, folder);
  }
  for (auto& dkim : config.dkim) {
    make_absolute(dkim.key, folder);
  }
}

}  // namespace

bool is_same(const Pop3Config& a, const Pop3Config& b) {
  const auto all = [](const Pop3Config& c) {
    return std::tie(c.keeps_deleted, c.sessions, c.sessions_per_address, c.idle_timeout);
  };
  return all(a) == all(b);
}

bool is_same(const ImapConfig& a, const ImapConfig& b) {
  const auto all = [](const ImapConfig& c) {
    return std::tie(c.sessions, c.sessions_per_address, c.sessions_per_user, c.idle_timeout);
  };
  return all(a) == all(b) &&
         std::ranges::equal(a.hidden, b.hidden, [](const HiddenConfig& x, const HiddenConfig& y) {
           return std::tie(x.account, x.client, x.capabilities) ==
                  std::tie(y.account, y.client, y.capabilities);
         });
}

std::string ConfigProblem::text() const {
  return fmt::format("{}:{}: {}: {}", file, line, problem, remedy);
}

Result<Config, std::vector<ConfigProblem>> parse_config(std::string_view text,
                                                        const std::filesystem::path& file) {
  Config config;
  config.file = file;
  std::vector<ConfigProblem> problems;
  try {
    const toml::table root = toml::parse(text, file.string());
    Loader(config, problems).load(root);
  } catch (const toml::parse_error& error) {
    problems.push_back({file.string(), error.source().begin.line, std::string(error.description()),
                        "mend the TOML there; the rest is read once it parses"});
    return failure(std::move(problems));
  }
  make_paths_absolute(config);
  check_config(config, problems);
  if (!problems.empty()) {
    std::ranges::sort(problems, {},
                      [](const ConfigProblem& p) { return std::pair(p.line, p.problem); });
    return failure(std::move(problems));
  }
  return config;
}

Result<Config, std::vector<ConfigProblem>> load_config(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return failure(std::vector<ConfigProblem>{
        {file.string(), 0, "can't be read", "name an existing file that this user may read"}});
  }
  return parse_config(text.view(), file);
}

}  // namespace postrider::app
