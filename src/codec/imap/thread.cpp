#include "stable_sort.hpp"
#include "text_numbers.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/thread.hpp>

namespace postrider::imap {
namespace {

constexpr std::uint32_t none = ThreadForest::none;
// Steps up, for each message, to see whether a link closes a loop: mail needs next to none, who
// wants to keep a server busy gets no more.
constexpr std::size_t steps_each = 64;

// RFC 5256 2.2: by sent date, then number.
std::vector<std::uint32_t> by_date(const SummarizedMessages& all) {
  std::vector<KeyedPlace> places(all.messages.size());
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    places[i] = {ascending_key(all.row(i).sent), i};
  }
  sort_stably(places);
  return in_order(places);
}

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

// RFC 5256 3. What it calls containers are numbered: the messages first, in their order, then the
// dummies, which are not here, or which stand above several of one subject.
class Threader {
 public:
  explicit Threader(const SummarizedMessages& all)
      : all_(all),
        count_(static_cast<std::uint32_t>(all.messages.size())),
        texts_(all.pages, 2 * all.messages.size()),
        by_date_(by_date(all)) {
    link();
    prune();
    gather_subjects();
  }
  ThreadForest forest();

 private:
  [[nodiscard]] bool is_dummy(std::uint32_t container) const { return container >= count_; }
  std::uint32_t add() {
    trees_.add();
    parents_.push_back(none);
    return static_cast<std::uint32_t>(parents_.size() - 1);
  }
  [[nodiscard]] std::size_t dummies() const { return parents_.size() - count_; }
  // The container that an identifier names, or none.
  std::uint32_t& named(std::uint32_t page, SummaryPage::TextNumber id) {
    const std::uint32_t number = texts_.number_of(page, id);
    if (number == named_.size()) {
      named_.push_back(none);
    }
    return named_[number];
  }
  void set_parent(std::uint32_t child, std::uint32_t parent) {
    const bool are_apart = trees_.find(child) != trees_.find(parent);
    if (are_apart || !is_above(child, parent)) {
      parents_[child] = parent;
      trees_.join(child, parent);
    }
  }
  // Or it would take too long to find out.
  [[nodiscard]] bool is_above(std::uint32_t above, std::uint32_t at) {
    for (; at != none && at != above; at = parents_[at]) {
      if (steps_left_ == 0) {
        return true;
      }
      --steps_left_;
    }
    return at == above;
  }
  void link();
  void link(std::uint32_t message);
  void prune();
  std::uint32_t place_of(std::uint32_t from, std::vector<std::uint32_t>& places) const;
  std::vector<std::uint32_t> find_roots();
  [[nodiscard]] bool is_reply(std::uint32_t container) const {
    return !is_dummy(container) && all_.row(container).is_reply;
  }
  void gather_subjects();
  void merge(std::uint32_t current, std::uint32_t& entry);

  const SummarizedMessages& all_;
  std::uint32_t count_;
  TextNumbers texts_;
  std::vector<std::uint32_t> by_date_;  // the messages
  std::vector<std::uint32_t> named_;    // by the numbers of identifiers
  Trees trees_;
  std::vector<std::uint32_t> parents_;      // of each container
  std::vector<std::uint32_t> first_child_;  // of each dummy: the earliest
  std::size_t steps_left_ = 0;
};

// Step 1, message by message. A link that would close a loop is not made.
void Threader::link() {
  steps_left_ = steps_each * count_;
  for (std::uint32_t i = 0; i < count_; ++i) {
    add();
    const SummaryPage::TextNumber id = all_.row(i).text(SummaryText::id);
    if (id != 0) {
      std::uint32_t& first = named(all_.messages[i].page, id);
      first = first == none ? i : first;  // one that has the id of another has none
    }
  }
  for (std::uint32_t i = 0; i < count_; ++i) {
    link(i);
  }
}

void Threader::link(std::uint32_t message) {
  const SummarizedMessage& where = all_.messages[message];
  std::uint32_t parent = none;
  for (const SummaryPage::TextNumber id : all_.page(message).references(where.row)) {
    std::uint32_t& child = named(where.page, id);
    child = child == none ? add() : child;
    if (parent != none && parents_[child] == none) {
      set_parent(child, parent);
    }
    parent = child;
  }
  // What it says itself is better evidence than what others say of it.
  parents_[message] = parent == none ? none : parents_[message];
  if (parent != none && parents_[message] != parent) {
    set_parent(message, parent);
  }
}

// The nearest message from there up, or the dummy at the root. `places`: of the dummies, as far as
// they are known.
std::uint32_t Threader::place_of(std::uint32_t from, std::vector<std::uint32_t>& places) const {
  std::uint32_t at = from;
  while (is_dummy(at) && places[at - count_] == none && parents_[at] != none) {
    at = parents_[at];
  }
  const bool is_known = is_dummy(at) && places[at - count_] != none;
  const std::uint32_t place = is_known ? places[at - count_] : at;
  for (std::uint32_t one = from; one != at; one = parents_[one]) {
    places[one - count_] = place;
  }
  return place;
}

// Step 3: a message's parent is the nearest that is here, or the dummy at the root of several.
void Threader::prune() {
  std::vector<std::uint32_t> places(dummies(), none);
  std::vector<std::uint32_t> children(dummies());
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (parents_[i] != none) {
      parents_[i] = place_of(parents_[i], places);
      if (is_dummy(parents_[i])) {
        ++children[parents_[i] - count_];
      }
    }
  }
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (parents_[i] != none && is_dummy(parents_[i]) && children[parents_[i] - count_] == 1) {
      parents_[i] = none;  // the only child of a dummy at the root
    }
  }
}

// Step 4: in order of date; a dummy counts as its first child. Dummies are roots, and their
// children are messages: one without any is no part of the forest.
std::vector<std::uint32_t> Threader::find_roots() {
  first_child_.assign(dummies(), none);
  std::vector<std::uint32_t> out;
  for (const std::uint32_t message : by_date_) {
    const std::uint32_t parent = parents_[message];
    if (parent == none) {
      out.push_back(message);
    } else if (is_dummy(parent) && first_child_[parent - count_] == none) {
      first_child_[parent - count_] = message;
      out.push_back(parent);
    }
  }
  return out;
}

// Step 5: threads of one subject become one.
void Threader::gather_subjects() {
  struct Thread {
    std::uint32_t root = none;
    std::uint32_t subject = 0;
  };
  std::vector<Thread> threads;
  std::vector<std::uint32_t> entries;  // by subject
  for (const std::uint32_t root : find_roots()) {
    const std::uint32_t first = is_dummy(root) ? first_child_[root - count_] : root;
    const SummaryPage::TextNumber subject = all_.row(first).text(SummaryText::subject);
    if (subject == 0) {
      continue;
    }
    threads.push_back({root, texts_.number_of(all_.messages[first].page, subject)});
    entries.resize(std::max(entries.size(), texts_.size()), none);
    std::uint32_t& entry = entries[threads.back().subject];
    const bool is_better =
        entry == none ||
        (!is_dummy(entry) && (is_dummy(root) || (is_reply(entry) && !is_reply(root))));
    entry = is_better ? root : entry;
  }
  // A dummy's children, so that two dummies can become one.
  std::vector<std::uint32_t> adopted(dummies(), none);
  for (const Thread& thread : threads) {
    std::uint32_t& entry = entries[thread.subject];
    if (entry == thread.root) {
      continue;
    }
    if (is_dummy(thread.root)) {  // then the entry is one too
      adopted[thread.root - count_] = entry;
    } else {
      merge(thread.root, entry);
    }
  }
  for (std::uint32_t i = 0; i < count_; ++i) {
    const std::uint32_t parent = parents_[i];
    if (parent != none && is_dummy(parent) && parent - count_ < adopted.size() &&
        adopted[parent - count_] != none) {
      parents_[i] = adopted[parent - count_];
    }
  }
}

void Threader::merge(std::uint32_t current, std::uint32_t& entry) {
  if (is_dummy(entry) || (is_reply(current) && !is_reply(entry))) {
    parents_[current] = entry;
    return;
  }
  const std::uint32_t dummy = add();
  parents_[current] = dummy;
  parents_[entry] = dummy;
  entry = dummy;
}

// Step 6.
ThreadForest Threader::forest() {
  const std::vector<std::uint32_t> roots = find_roots();
  ThreadForest out;
  out.nodes.reserve(count_);
  for (const SummarizedMessage& message : all_.messages) {
    out.nodes.push_back({message.number});
  }
  std::vector<std::uint32_t> nodes(dummies(), none);  // of the dummies
  std::uint32_t* next = &out.first_root;
  for (const std::uint32_t root : roots) {
    if (is_dummy(root)) {
      nodes[root - count_] = static_cast<std::uint32_t>(out.nodes.size());
      out.nodes.push_back({});
    }
  }
  for (const std::uint32_t root : roots) {
    *next = is_dummy(root) ? nodes[root - count_] : root;
    next = &out.nodes[*next].next_sibling;
  }
  // From the last on, each is put in front of its siblings.
  for (std::size_t i = by_date_.size(); i > 0; --i) {
    const std::uint32_t message = by_date_[i - 1];
    const std::uint32_t parent = parents_[message];
    if (parent != none) {
      ThreadForest::Node& above = out.nodes[is_dummy(parent) ? nodes[parent - count_] : parent];
      out.nodes[message].next_sibling = std::exchange(above.first_child, message);
    }
  }
  return out;
}

}  // namespace

ThreadForest thread_by_references(const SummarizedMessages& all) {
  return Threader(all).forest();
}

ThreadForest thread_by_subject(const SummarizedMessages& all) {
  struct Thread {
    std::uint32_t root = none;
    std::uint32_t last = none;
  };
  TextNumbers subjects(all.pages, all.messages.size());
  std::vector<Thread> threads;
  ThreadForest out;
  out.nodes.reserve(all.messages.size());
  for (const SummarizedMessage& message : all.messages) {
    out.nodes.push_back({message.number});
  }
  std::uint32_t last_root = none;
  for (const std::uint32_t message : by_date(all)) {
    const std::uint32_t subject =
        subjects.number_of(all.messages[message].page, all.row(message).text(SummaryText::subject));
    if (subject == threads.size()) {
      (last_root == none ? out.first_root : out.nodes[last_root].next_sibling) = message;
      last_root = message;
      threads.push_back({message, none});
      continue;
    }
    Thread& thread = threads[subject];
    (thread.last == none ? out.nodes[thread.root].first_child
                         : out.nodes[thread.last].next_sibling) = message;
    thread.last = message;
  }
  return out;
}

}  // namespace postrider::imap
