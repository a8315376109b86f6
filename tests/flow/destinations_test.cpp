#include "flow/destinations.hpp"

#include <gtest/gtest.h>

namespace postrider::flow {
namespace {

using store::LocalKind;
using store::Recipient;

std::vector<std::string> written(const std::vector<store::Destination>& destinations) {
  std::vector<std::string> out;
  for (const store::Destination& destination : destinations) {
    std::string line = destination.domain + ":";
    for (const Recipient& recipient : destination.recipients) {
      line += " " + recipient.address;
      line += recipient.local.name.empty() ? "" : "=" + recipient.local.name;
    }
    out.push_back(std::move(line));
  }
  return out;
}

TEST(Destinations, AreTheDomainsInTheOrderOfRcpt) {
  const auto found = group_by_domain({{.address = "b@two.example"},
                                      {.address = "a@ONE.example"},
                                      {.address = "c@two.example"},
                                      {.address = "a@one.example"}});
  EXPECT_EQ(written(found), (std::vector<std::string>{"two.example: b@two.example c@two.example",
                                                      "one.example: a@one.example"}));
}

TEST(Destinations, WhatIsKeptHereIsAloneInItsOwn) {
  const auto mailbox = [](std::string address, std::string account) {
    return Recipient{.address = std::move(address),
                     .local = {LocalKind::mailbox, std::move(account), ""}};
  };
  const auto found = group_by_domain({mailbox("all@one.example", "a@one.example"),
                                      mailbox("all@one.example", "b@one.example"),
                                      mailbox("all@one.example", "a@one.example"),
                                      {.address = "x@one.example"}});
  EXPECT_EQ(written(found), (std::vector<std::string>{"one.example: all@one.example=a@one.example",
                                                      "one.example: all@one.example=b@one.example",
                                                      "one.example: x@one.example"}));
}

}  // namespace
}  // namespace postrider::flow
