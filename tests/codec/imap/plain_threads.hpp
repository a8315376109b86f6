#pragma once

#include "summarized.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace postrider::imap {

// THREAD=REFERENCES of a few messages as RFC 5256 3 tells it, step by step, without regard to what
// it costs: what the fast one must agree with.
class PlainThreads {
 public:
  explicit PlainThreads(const std::vector<Given>& given) {
    std::vector<int> own;
    for (const Given& one : given) {
      int at = one.id.empty() ? -1 : named(one.id);
      if (at < 0 || all_[at].message != nullptr) {
        at = add();
      }
      all_[at].message = &one;
      own.push_back(at);
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      link(given[i], own[i]);
    }
    prune();
    gather_subjects();
  }

  // "(1 2)((3)(4))".
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const int root : children(-1)) {
      out += "(" + branch(root) + ")";
    }
    return out;
  }

 private:
  struct Container {
    const Given* message = nullptr;
    int parent = -1;
    bool is_out = false;
  };

  int add() {
    all_.emplace_back();
    return static_cast<int>(all_.size()) - 1;
  }
  int named(std::string_view id) {
    const auto [found, is_new] = names_.try_emplace(std::string(id), 0);
    if (is_new) {
      found->second = add();
    }
    return found->second;
  }

  // Step 1.
  void link(const Given& message, int own) {
    int parent = -1;
    for (const std::string_view id : message.references) {
      const int child = named(id);
      if (parent >= 0 && all_[child].parent < 0) {
        set_parent(child, parent);
      }
      parent = child;
    }
    if (parent < 0) {
      all_[own].parent = -1;
    } else if (all_[own].parent != parent) {
      set_parent(own, parent);
    }
  }
  void set_parent(int child, int parent) {
    int at = parent;
    while (at >= 0 && at != child) {
      at = all_[at].parent;
    }
    if (at < 0) {
      all_[child].parent = parent;
    }
  }

  // Steps 2 and 3.
  void prune() {
    const auto count = static_cast<int>(all_.size());
    for (int i = 0; i < count; ++i) {
      if (all_[i].message == nullptr && all_[i].parent >= 0) {
        for (Container& one : all_) {
          one.parent = one.parent == i ? all_[i].parent : one.parent;
        }
        all_[i].is_out = true;
      }
    }
    for (int i = 0; i < count; ++i) {
      if (all_[i].message == nullptr && !all_[i].is_out && children(i).size() < 2) {
        for (const int child : children(i)) {
          all_[child].parent = -1;
        }
        all_[i].is_out = true;
      }
    }
  }

  // Of a dummy, its first child.
  [[nodiscard]] const Given& shown(int at) const {
    return all_[at].message != nullptr ? *all_[at].message : shown(children(at).front());
  }
  // Steps 2.2, 4 and 6: by date, then number. -1: the roots.
  [[nodiscard]] std::vector<int> children(int parent) const {
    std::vector<int> out;
    for (int i = 0; i < static_cast<int>(all_.size()); ++i) {
      const bool is_empty =
          all_[i].message == nullptr &&
          std::ranges::none_of(all_, [i](const Container& one) { return one.parent == i; });
      if (!all_[i].is_out && !is_empty && all_[i].parent == parent) {
        out.push_back(i);
      }
    }
    std::ranges::sort(out, {},
                      [this](int at) { return std::pair(shown(at).sent, shown(at).number); });
    return out;
  }

  // Step 5.
  [[nodiscard]] bool is_dummy(int at) const { return all_[at].message == nullptr; }
  [[nodiscard]] bool is_reply(int at) const { return !is_dummy(at) && all_[at].message->is_reply; }
  void gather_subjects() {
    std::map<std::string, int> table;
    const std::vector<int> roots = children(-1);
    std::map<int, std::string> subjects;  // as they were before anything was moved
    for (const int root : roots) {
      const std::string subject = subjects[root] = shown(root).subject;
      const auto [found, is_new] = table.try_emplace(subject, root);
      const int entry = found->second;
      if (!is_new && !is_dummy(entry) && (is_dummy(root) || (is_reply(entry) && !is_reply(root)))) {
        found->second = root;
      }
    }
    for (const int root : roots) {
      if (subjects[root].empty() || table[subjects[root]] == root) {
        continue;
      }
      const int entry = table[subjects[root]];
      if (is_dummy(root)) {
        for (const int child : children(root)) {
          all_[child].parent = entry;
        }
        all_[root].is_out = true;
      } else if (is_dummy(entry) || (is_reply(root) && !is_reply(entry))) {
        all_[root].parent = entry;
      } else {
        const int dummy = add();
        all_[root].parent = all_[entry].parent = dummy;
        table[subjects[root]] = dummy;
      }
    }
  }

  [[nodiscard]] std::string branch(int at) const {
    std::string out = is_dummy(at) ? "" : std::to_string(all_[at].message->number);
    const std::vector<int> below = children(at);
    const char* const between = out.empty() || below.empty() ? "" : " ";
    out += between;
    for (const int child : below) {
      out += below.size() == 1 ? branch(child) : "(" + branch(child) + ")";
    }
    return out;
  }

  std::vector<Container> all_;
  std::map<std::string, int> names_;
};

}  // namespace postrider::imap
