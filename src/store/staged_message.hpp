#pragma once

#include "core_port.hpp"

#include <memory>
#include <string>

#include <postrider/store/queue_store.hpp>

namespace postrider::store {

class StagedHandle final : public StagedMessage {
 public:
  StagedHandle(std::shared_ptr<CorePort> port, MessageId id) : port_(std::move(port)), id_(id) {}
  ~StagedHandle() override;

  [[nodiscard]] MessageId id() const override { return id_; }
  engine::Task<StoreResult<void>> append(std::string chunk) override;
  [[nodiscard]] std::uint32_t chunks() const override { return chunks_; }

  [[nodiscard]] std::uint64_t octets() const { return octets_; }
  // Why a chunk could not be written: then there is nothing to commit.
  [[nodiscard]] StoreResult<void> standing() const { return standing_; }
  // It has become a message: its chunks stay.
  void release() { released_ = true; }

 private:
  std::shared_ptr<CorePort> port_;  // shared: a staged message may outlive its store
  MessageId id_;
  std::uint32_t chunks_ = 0;
  std::uint64_t octets_ = 0;
  StoreResult<void> standing_;
  bool released_ = false;
};

}  // namespace postrider::store
