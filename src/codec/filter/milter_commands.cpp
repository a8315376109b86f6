// What a mail server says to a milter.
#include "milter_packet.hpp"

#include <postrider/base/assert.hpp>
#include <postrider/codec/filter/milter.hpp>

namespace postrider::filter {
namespace {

// Begins a packet whose length is set when it goes.
class PacketWriter {
 public:
  PacketWriter(MilterCommand command, std::string& out) : out_(out), begin_(out.size()) {
    append_uint32(0, out_);
    out_ += static_cast<char>(command);
  }
  PacketWriter(const PacketWriter&) = delete;
  PacketWriter& operator=(const PacketWriter&) = delete;
  ~PacketWriter() {
    std::string length;
    append_uint32(static_cast<std::uint32_t>(out_.size() - begin_ - 4), length);
    out_.replace(begin_, 4, length);
  }
  // What follows a NUL would be read as something else.
  void text(std::string_view octets) {
    out_ += octets.substr(0, octets.find('\0'));
    out_ += '\0';
  }
  void raw(std::string_view octets) { out_ += octets; }

 private:
  std::string& out_;
  std::size_t begin_;
};

}  // namespace

void append_milter_offer(std::string& out) {
  std::string terms;
  append_uint32(milter_version, terms);
  append_uint32(milter_action::all, terms);
  append_uint32(milter_step::offered, terms);
  PacketWriter(MilterCommand::negotiate, out).raw(terms);
}

void append_milter_command(MilterCommand command, std::string& out) {
  const PacketWriter packet(command, out);
}

void append_milter_texts(MilterCommand command, std::span<const std::string> texts,
                         std::string& out) {
  PacketWriter packet(command, out);
  for (const std::string& text : texts) {
    packet.text(text);
  }
}

void append_milter_connect(std::string_view host, const std::optional<SocketAddress>& client,
                           std::string& out) {
  PacketWriter packet(MilterCommand::connect, out);
  packet.text(host);
  if (!client) {
    packet.raw("U");
    return;
  }
  const bool is_v6 = client->ip.family() == IpFamily::v6;
  packet.raw(is_v6 ? "6" : "4");
  const char port[2] = {static_cast<char>(client->port >> 8),
                        static_cast<char>(client->port & 0xff)};
  packet.raw({port, sizeof(port)});
  packet.text(client->ip.text());
}

void append_milter_macros(MilterCommand command, std::span<const MilterMacro> macros,
                          std::string& out) {
  PacketWriter packet(MilterCommand::macro, out);
  const char which = static_cast<char>(command);
  packet.raw({&which, 1});
  for (const MilterMacro& macro : macros) {
    packet.text(macro.name);
    packet.text(macro.value);
  }
}

void append_milter_body(std::string_view chunk, std::string& out) {
  check(chunk.size() <= milter_chunk_octets, "a piece of a body that is too long for a milter");
  PacketWriter(MilterCommand::body, out).raw(chunk);
}

}  // namespace postrider::filter
