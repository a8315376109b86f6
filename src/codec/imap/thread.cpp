#include "id_table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <postrider/codec/imap/thread.hpp>

namespace postrider::imap {
namespace {

constexpr std::uint32_t none = ThreadForest::none;
// Steps up, for each message, to see whether a link closes a loop: mail needs next to none, who
// wants to keep a server busy gets no more.
constexpr std::size_t steps_each = 64;

// What RFC 5256 calls a container: a message, or one that only references name (number 0).
struct Container {
  std::uint32_t number = 0;
  std::uint32_t parent = none;
  std::int64_t sent = 0;
  std::string_view subject;
  bool is_reply = false;
};

// What has ever been linked with what. Links are broken anew, so that those of one tree may be
// apart; those of two are.
class Trees {
 public:
  std::uint32_t find(std::uint32_t node) {
    while (up_[node] != node) {
      up_[node] = up_[up_[node]];
      node = up_[node];
    }
    return node;
  }
  void add() { up_.push_back(static_cast<std::uint32_t>(up_.size())); }
  void join(std::uint32_t child, std::uint32_t parent) { up_[find(child)] = find(parent); }

 private:
  std::vector<std::uint32_t> up_;
};

class Threader {
 public:
  Threader(std::span<const ThreadMessage> messages, std::uint64_t seed) : ids_(seed) {
    link(messages);
    prune();
    gather_subjects();
  }
  ThreadForest forest();

 private:
  std::uint32_t add(const Container& container) {
    containers_.push_back(container);
    trees_.add();
    return static_cast<std::uint32_t>(containers_.size() - 1);
  }
  std::uint32_t named(std::string_view id) {
    std::uint32_t& slot = ids_.at(id);
    slot = slot == none ? add({}) : slot;
    return slot;
  }
  void set_parent(std::uint32_t child, std::uint32_t parent) {
    const bool are_apart = trees_.find(child) != trees_.find(parent);
    if (are_apart || !is_above(child, parent)) {
      containers_[child].parent = parent;
      trees_.join(child, parent);
    }
  }
  // Or it would take too long to find out.
  [[nodiscard]] bool is_above(std::uint32_t above, std::uint32_t at) {
    for (; at != none && at != above; at = containers_[at].parent) {
      if (steps_left_ == 0) {
        return true;
      }
      --steps_left_;
    }
    return at == above;
  }
  void link(std::span<const ThreadMessage> messages);
  void prune();
  void gather_subjects();
  [[nodiscard]] std::vector<std::uint32_t> roots() const;
  void date_dummies();
  void merge(std::uint32_t current, std::uint32_t& entry);
  [[nodiscard]] bool before(std::uint32_t a, std::uint32_t b) const {
    const Container& x = containers_[a];
    const Container& y = containers_[b];
    return std::pair(x.sent, order_[a]) < std::pair(y.sent, order_[b]);
  }

  IdTable ids_;
  Trees trees_;
  std::vector<Container> containers_;
  std::vector<std::uint32_t> order_;        // ties: its number, or its first child's
  std::vector<std::uint32_t> first_child_;  // of a dummy: the earliest
  std::vector<bool> kept_;
  std::size_t steps_left_ = 0;
};

// Step 1, message by message. A link that would close a loop is not made.
void Threader::link(std::span<const ThreadMessage> messages) {
  steps_left_ = steps_each * messages.size();
  std::vector<std::uint32_t> own;
  own.reserve(messages.size());
  for (const ThreadMessage& message : messages) {
    std::uint32_t at = none;
    if (!message.id.empty()) {
      at = named(message.id);
    }
    if (at == none || containers_[at].number != 0) {  // no id, or one that another has
      at = add({});
    }
    containers_[at] = {message.number, none, message.sent, message.subject, message.is_reply};
    own.push_back(at);
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    std::uint32_t parent = none;
    for (const std::string_view id : messages[i].references) {
      const std::uint32_t child = named(id);
      if (parent != none && containers_[child].parent == none) {
        set_parent(child, parent);
      }
      parent = child;
    }
    // What it says itself is better evidence than what others say of it.
    containers_[own[i]].parent = parent == none ? none : containers_[own[i]].parent;
    if (parent != none && containers_[own[i]].parent != parent) {
      set_parent(own[i], parent);
    }
  }
}

// Step 3: a message's parent is the nearest that is here, or the dummy at the root of several.
void Threader::prune() {
  const std::size_t count = containers_.size();
  // Where each container's children belong.
  std::vector<std::uint32_t> place(count, none);
  std::vector<bool> known(count);
  std::vector<std::uint32_t> path;
  const auto place_of = [&](std::uint32_t from) {
    std::uint32_t at = from;
    while (!known[at] && containers_[at].number == 0 && containers_[at].parent != none) {
      path.push_back(at);
      at = containers_[at].parent;
    }
    if (!known[at]) {
      place[at] = at;
      known[at] = true;
    }
    for (const std::uint32_t one : path) {
      place[one] = place[at];
      known[one] = true;
    }
    path.clear();
    return place[from];
  };
  std::vector<std::uint32_t> children(count);
  std::vector<std::uint32_t> parents(count, none);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (containers_[i].number != 0 && containers_[i].parent != none) {
      parents[i] = place_of(containers_[i].parent);
      ++children[parents[i]];
    }
  }
  kept_.assign(count, false);
  for (std::uint32_t i = 0; i < count; ++i) {
    Container& one = containers_[i];
    one.parent = one.number == 0 ? none : parents[i];
    if (one.parent != none && containers_[one.parent].number == 0 && children[one.parent] == 1) {
      one.parent = none;  // the only child of a dummy at the root
    }
    kept_[i] = one.number != 0 || children[i] > 1;
  }
}

std::vector<std::uint32_t> Threader::roots() const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < containers_.size(); ++i) {
    if (kept_[i] && containers_[i].parent == none) {
      out.push_back(i);
    }
  }
  std::ranges::sort(out, [this](std::uint32_t a, std::uint32_t b) { return before(a, b); });
  return out;
}

// Step 4: a dummy counts as its first child. Dummies are roots, and their children are messages.
void Threader::date_dummies() {
  order_.resize(containers_.size());
  first_child_.assign(containers_.size(), none);
  for (std::uint32_t i = 0; i < containers_.size(); ++i) {
    order_[i] = containers_[i].number;
  }
  for (std::uint32_t i = 0; i < containers_.size(); ++i) {
    const std::uint32_t parent = containers_[i].parent;
    if (!kept_[i] || parent == none || containers_[parent].number != 0) {
      continue;
    }
    if (first_child_[parent] == none || before(i, first_child_[parent])) {
      first_child_[parent] = i;
    }
  }
  for (std::uint32_t i = 0; i < containers_.size(); ++i) {
    if (first_child_[i] != none) {
      const Container& first = containers_[first_child_[i]];
      containers_[i].sent = first.sent;
      containers_[i].subject = first.subject;
      order_[i] = first.number;
    }
  }
}

// Step 5: threads of one subject become one.
void Threader::gather_subjects() {
  date_dummies();
  const std::vector<std::uint32_t> threads = roots();
  IdTable table(ids_.seed());
  for (const std::uint32_t at : threads) {
    const Container& current = containers_[at];
    if (current.subject.empty()) {
      continue;
    }
    std::uint32_t& entry = table.at(current.subject);
    const bool better =
        entry == none ||
        (containers_[entry].number != 0 &&
         (current.number == 0 || (containers_[entry].is_reply && !current.is_reply)));
    entry = better ? at : entry;
  }
  // A dummy's children, so that two dummies can become one.
  std::vector<std::uint32_t> adopted(containers_.size(), none);
  for (const std::uint32_t at : threads) {
    if (containers_[at].subject.empty()) {
      continue;
    }
    std::uint32_t& entry = table.at(containers_[at].subject);
    if (entry == at) {
      continue;
    }
    if (containers_[at].number == 0) {  // then the entry is one too
      adopted[at] = entry;
      kept_[at] = false;
    } else {
      merge(at, entry);
    }
  }
  for (std::uint32_t i = 0; i < adopted.size(); ++i) {
    const std::uint32_t parent = containers_[i].parent;
    if (parent != none && parent < adopted.size() && adopted[parent] != none) {
      containers_[i].parent = adopted[parent];
    }
  }
  date_dummies();
}

void Threader::merge(std::uint32_t current, std::uint32_t& entry) {
  const bool below = containers_[entry].number == 0 ||
                     (containers_[current].is_reply && !containers_[entry].is_reply);
  if (below) {
    containers_[current].parent = entry;
    return;
  }
  const std::uint32_t dummy = add({.subject = containers_[current].subject});
  kept_.push_back(true);
  containers_[current].parent = dummy;
  containers_[entry].parent = dummy;
  entry = dummy;
}

// Step 6.
ThreadForest Threader::forest() {
  std::vector<std::uint32_t> all;
  std::vector<std::uint32_t> index(containers_.size(), none);
  ThreadForest out;
  for (std::uint32_t i = 0; i < containers_.size(); ++i) {
    if (kept_[i]) {
      index[i] = static_cast<std::uint32_t>(all.size());
      all.push_back(i);
      out.nodes.push_back({containers_[i].number});
    }
  }
  // From the last on, each is put in front of its siblings.
  std::ranges::sort(all, [this](std::uint32_t a, std::uint32_t b) { return before(b, a); });
  for (const std::uint32_t at : all) {
    const std::uint32_t parent = containers_[at].parent;
    std::uint32_t& head = parent == none ? out.first_root : out.nodes[index[parent]].first_child;
    out.nodes[index[at]].next_sibling = std::exchange(head, index[at]);
  }
  return out;
}

}  // namespace

ThreadForest thread_by_references(std::span<const ThreadMessage> messages, std::uint64_t seed) {
  return Threader(messages, seed).forest();
}

ThreadForest thread_by_subject(std::span<const ThreadMessage> messages) {
  std::vector<std::uint32_t> order(messages.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto earlier = [&messages](std::uint32_t a, std::uint32_t b) {
    return std::pair(messages[a].sent, messages[a].number) <
           std::pair(messages[b].sent, messages[b].number);
  };
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    const int by_subject = messages[a].subject.compare(messages[b].subject);
    return by_subject != 0 ? by_subject < 0 : earlier(a, b);
  });
  ThreadForest out;
  out.nodes.reserve(messages.size());
  for (const ThreadMessage& message : messages) {
    out.nodes.push_back({message.number});
  }
  std::vector<std::uint32_t> roots;
  std::uint32_t last = none;
  for (const std::uint32_t at : order) {
    if (!roots.empty() && messages[roots.back()].subject == messages[at].subject) {
      (last == none ? out.nodes[roots.back()].first_child : out.nodes[last].next_sibling) = at;
      last = at;
    } else {
      roots.push_back(at);
      last = none;
    }
  }
  std::ranges::sort(roots, earlier);
  for (std::size_t i = roots.size(); i > 0; --i) {
    out.nodes[roots[i - 1]].next_sibling = std::exchange(out.first_root, roots[i - 1]);
  }
  return out;
}

}  // namespace postrider::imap
