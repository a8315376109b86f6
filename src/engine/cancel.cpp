#include <postrider/engine/cancel.hpp>

namespace postrider::engine {

CancelHook::~CancelHook() {
  CancelToken::detach(*this);
}

bool CancelToken::is_cancelled() const {
  return source_ != nullptr && source_->cancelled_;
}

bool CancelToken::attach(CancelHook& hook) const {
  detach(hook);
  if (source_ == nullptr) {
    return true;
  }
  if (source_->cancelled_) {
    return false;
  }
  hook.source_ = source_;
  hook.previous_ = nullptr;
  hook.next_ = source_->first_;
  if (hook.next_ != nullptr) {
    hook.next_->previous_ = &hook;
  }
  source_->first_ = &hook;
  return true;
}

void CancelToken::detach(CancelHook& hook) {
  if (hook.source_ == nullptr) {
    return;
  }
  if (hook.previous_ != nullptr) {
    hook.previous_->next_ = hook.next_;
  } else {
    hook.source_->first_ = hook.next_;
  }
  if (hook.next_ != nullptr) {
    hook.next_->previous_ = hook.previous_;
  }
  hook.source_ = nullptr;
  hook.previous_ = nullptr;
  hook.next_ = nullptr;
}

CancelSource::CancelSource(CancelToken parent) {
  parent_.child = this;
  cancelled_ = !parent.attach(parent_);
}

CancelSource::~CancelSource() {
  while (first_ != nullptr) {
    CancelToken::detach(*first_);
  }
}

void CancelSource::cancel() noexcept {
  cancelled_ = true;
  // One by one from the head: a hook may detach others, and none can attach any more.
  while (first_ != nullptr) {
    CancelHook& hook = *first_;
    CancelToken::detach(hook);
    hook.on_cancel();
  }
}

}  // namespace postrider::engine
