#pragma once

#include <postrider/base/time.hpp>

namespace postrider::engine {

class CancelSource;

// What a pending wait hangs into a CancelSource. on_cancel runs inside CancelSource::cancel(); it
// may resume nothing itself, only mark and schedule.
class CancelHook {
 public:
  CancelHook() = default;
  CancelHook(const CancelHook&) = delete;
  CancelHook& operator=(const CancelHook&) = delete;
  virtual void on_cancel() noexcept = 0;

 protected:
  ~CancelHook();  // unhooks

 private:
  friend class CancelSource;
  friend class CancelToken;
  CancelSource* source_ = nullptr;
  CancelHook* previous_ = nullptr;
  CancelHook* next_ = nullptr;
};

// A view of a CancelSource, which outlives it; the default one is never cancelled.
class CancelToken {
 public:
  CancelToken() = default;
  [[nodiscard]] bool is_cancelled() const;
  // Calls hook.on_cancel() once when cancelled; false (and no call) if that has happened already.
  [[nodiscard]] bool attach(CancelHook& hook) const;
  static void detach(CancelHook& hook);

 private:
  friend class CancelSource;
  explicit CancelToken(CancelSource* source) : source_(source) {}
  CancelSource* source_ = nullptr;
};

// Owned by whoever may cancel: a service's gate, a connection, an operator's request.
// Shard: one core. A source may hang under a parent: cancelling the parent cancels it.
class CancelSource {
 public:
  CancelSource() = default;
  explicit CancelSource(CancelToken parent);
  CancelSource(const CancelSource&) = delete;
  CancelSource& operator=(const CancelSource&) = delete;
  ~CancelSource();

  void cancel() noexcept;
  [[nodiscard]] bool is_cancelled() const { return cancelled_; }
  [[nodiscard]] CancelToken token() { return CancelToken(this); }

 private:
  friend class CancelToken;
  friend class CancelHook;
  struct ParentHook final : CancelHook {
    CancelSource* child = nullptr;
    void on_cancel() noexcept override { child->cancel(); }
  };
  bool cancelled_ = false;
  CancelHook* first_ = nullptr;
  ParentHook parent_;
};

// The bound of a wait: every wait has one.
struct Until {
  MonoTime deadline = mono_never;
  CancelToken cancel{};
};

}  // namespace postrider::engine
