#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <postrider/base/ids.hpp>

namespace postrider::delivery {

// The budgets of connections of the sites whose home is one core: which lanes hold units of them,
// which wait. A unit that is free goes to a waiting lane that holds the fewest, among equals to the
// one that has waited longest. While a lane without any waits, units are recalled from those that
// hold the most; so they are, one at a time, while a waiting lane has less than its even share.
// Who is recalled gives back when it suits it: nothing is taken away.
// Never are more units out than the limit, but for what was out when it was lowered.
// Cost: logarithmic in the lanes of a site that hold or wait. Shard: its core.
class LeaseTable {
 public:
  // A lane of a core.
  struct Lessee {
    CoreId core = 0;
    std::string lane;
    auto operator<=>(const Lessee&) const = default;
  };
  // Hears of what was not answered at once; may not call the table before it returns.
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    virtual void on_granted(const Lessee& lessee) = 0;   // one unit
    virtual void on_recalled(const Lessee& lessee) = 0;  // one unit
  };

  LeaseTable(std::uint32_t limit, Listener& listener) : limit_(limit), listener_(listener) {}

  // True: the lessee holds one unit more. False: it waits for one.
  [[nodiscard]] bool ask(const std::string& site, const Lessee& lessee);
  // In: a unit that it holds.
  void give_back(const std::string& site, const Lessee& lessee);
  // What the core's lanes hold is free, what they wait for is not granted any more.
  void forget(CoreId core);
  // Of each site. What is out beyond it is recalled.
  void set_limit(std::uint32_t limit);

  [[nodiscard]] std::size_t sites() const { return sites_.size(); }
  [[nodiscard]] std::uint32_t held(const std::string& site) const;

 private:
  struct Lease {
    std::uint32_t held = 0;
    std::uint32_t recalled = 0;  // of these
    std::uint32_t waiting = 0;
    std::uint64_t since = 0;  // when it began to wait, in the order of what happens here
    std::uint64_t last_granted = 0;
  };
  using Leases = std::map<Lessee, Lease>;
  using Place = std::pair<const Lessee, Lease>*;
  // What of a lease its place in the two orders depends on.
  using Need = std::tuple<std::uint32_t, std::uint64_t, Place>;  // held, since: the first is served
  using Spare = std::tuple<std::uint32_t, std::uint64_t, Place>;  // not recalled, ~last_granted
  struct Site {
    std::uint32_t held = 0;
    std::uint32_t recalled = 0;
    std::uint32_t without = 0;  // leases that wait and hold nothing
    Leases leases;
    std::set<Need> needs;
    std::set<Spare> spares;  // the last is recalled
  };
  using Sites = std::unordered_map<std::string, Site>;

  static void unlink(Site& site, Place place);
  static void link(Site& site, Place place);
  void grant(Site& site, Place place);
  void recall(Site& site, Place place);
  void balance(Site& site);
  static void drop_if_idle(Site& site, const Lessee& lessee);

  std::uint32_t limit_;
  Listener& listener_;
  Sites sites_;
  std::uint64_t happened_ = 0;
};

}  // namespace postrider::delivery
