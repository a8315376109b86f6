// SORT, THREAD, QUOTA, COMPRESS.
#include "imap_world.hpp"

#include <zlib.h>

namespace postrider::imap {
namespace {

class ImapOrder : public ImapWorld {
 public:
  ImapOrder() : client(with_limit(*this)) {}
  static ImapWorld& with_limit(ImapWorld& world) {
    world.settings.rules.message_octets_max = 1024 * 1024;
    return world;
  }
  void fill() {
    deliver(
        "From: zoe@example.org\r\nSubject: Re: apple\r\nDate: Fri, 02 Jan 2026 10:00:00 +0000\r\n"
        "Message-ID: <b@x>\r\nReferences: <a@x>\r\n\r\nlong enough to be the largest\r\n");
    deliver(
        "From: \"Amy\" <mike@example.org>\r\nSubject: apple\r\n"
        "Date: Thu, 01 Jan 2026 10:00:00 +0000\r\nMessage-ID: <a@x>\r\n\r\n");
    deliver(
        "From: bob@example.org\r\nSubject: Banana\r\nDate: Sat, 03 Jan 2026 10:00:00 +0000\r\n"
        "Message-ID: <c@x>\r\n\r\nmid\r\n",
        {store::SystemFlag::seen, {}});
  }
  std::string first_line(const std::string& command) {
    const std::string heard = client.say(command);
    return heard.substr(0, heard.find('\n'));
  }
  ImapClient client;
};

TEST_F(ImapOrder, SortByEachKey) {
  fill();
  client.open();
  EXPECT_EQ(first_line("SORT (ARRIVAL) UTF-8 ALL"), "* SORT 1 2 3");
  EXPECT_EQ(first_line("SORT (REVERSE ARRIVAL) UTF-8 ALL"), "* SORT 3 2 1");
  EXPECT_EQ(first_line("SORT (DATE) UTF-8 ALL"), "* SORT 2 1 3");
  EXPECT_EQ(first_line("SORT (SUBJECT DATE) UTF-8 ALL"), "* SORT 2 1 3");
  EXPECT_EQ(first_line("SORT (SUBJECT REVERSE DATE) UTF-8 ALL"), "* SORT 1 2 3");
  EXPECT_EQ(first_line("SORT (FROM) UTF-8 ALL"), "* SORT 3 2 1");
  EXPECT_EQ(first_line("SORT (DISPLAYFROM) UTF-8 ALL"), "* SORT 2 3 1");
  EXPECT_EQ(first_line("SORT (REVERSE SIZE) UTF-8 ALL"), "* SORT 1 2 3");
  EXPECT_EQ(first_line("UID SORT (DATE) UTF-8 UNSEEN"), "* SORT 2 1");
  EXPECT_EQ(first_line("SORT (DATE) UTF-8 DRAFT"), "* SORT");
  EXPECT_EQ(first_line("UID SORT RETURN (COUNT MIN MAX ALL) (DATE) UTF-8 ALL"),
            "* ESEARCH (TAG \"t13\") UID MIN 2 MAX 3 COUNT 3 ALL 2,1,3");
}

TEST_F(ImapOrder, Threads) {
  fill();
  client.open();
  EXPECT_EQ(first_line("THREAD REFERENCES UTF-8 ALL"), "* THREAD (2 1)(3)");
  EXPECT_EQ(first_line("UID THREAD ORDEREDSUBJECT UTF-8 ALL"), "* THREAD (2 1)(3)");
  EXPECT_EQ(first_line("THREAD REFERENCES UTF-8 DRAFT"), "* THREAD");
}

TEST_F(ImapOrder, QuotaWithoutLimits) {
  client.log_in();
  // RFC 9208 7: a list of resources has one at least.
  EXPECT_EQ(client.say("GETQUOTAROOT INBOX"), "* QUOTAROOT INBOX\nOK GETQUOTAROOT completed\n");
  EXPECT_TRUE(client.say("GETQUOTA \"\"").starts_with("NO [NONEXISTENT]"));
  EXPECT_TRUE(client.say("GETQUOTA other").starts_with("NO [NONEXISTENT]"));
  EXPECT_TRUE(client.say("SETQUOTA \"\" (STORAGE 1)").starts_with("NO [NOPERM]"));
}

// A client's half of COMPRESS=DEFLATE.
class Deflated {
 public:
  Deflated() {
    deflateInit2(&packing_, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    inflateInit2(&unpacking_, -15);
  }
  ~Deflated() {
    deflateEnd(&packing_);
    inflateEnd(&unpacking_);
  }
  std::string pack(std::string plain) { return run(packing_, deflate, std::move(plain)); }
  std::string unpack(std::string packed) { return run(unpacking_, ::inflate, std::move(packed)); }

 private:
  static std::string run(z_stream& stream, int (*step)(z_stream*, int), std::string in) {
    std::string out;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    do {
      char piece[4096];
      stream.next_out = reinterpret_cast<Bytef*>(piece);
      stream.avail_out = sizeof piece;
      step(&stream, Z_SYNC_FLUSH);
      out.append(piece, sizeof piece - stream.avail_out);
    } while (stream.avail_out == 0);
    return out;
  }
  z_stream packing_{};
  z_stream unpacking_{};
};

TEST_F(ImapOrder, CompressedBothWays) {
  deliver("Subject: x\r\n\r\n" + std::string(200'000, 'x'));
  client.open();
  EXPECT_TRUE(client.say("COMPRESS DEFLATE").starts_with("OK DEFLATE active"));
  Deflated zip;
  client.send(zip.pack("a NOOP\r\n"));
  EXPECT_EQ(zip.unpack(client.hear_octets_now()), "a OK NOOP completed\r\n");
  client.send(zip.pack("b FETCH 1 BODY.PEEK[TEXT]\r\nc COMPRESS DEFLATE\r\n"));
  const std::string heard = zip.unpack(client.hear_octets_now());
  EXPECT_TRUE(heard.contains("BODY[TEXT] {200000}\r\nxxx"));
  EXPECT_TRUE(heard.contains("c NO [COMPRESSIONACTIVE]"));
}

// Longer than what is sent at a time, of what is read in different ways.
TEST_F(ImapOrder, LongAnswersAreCompressed) {
  for (int i = 1; i <= 1000; ++i) {
    deliver("Subject: number " + std::to_string(i) + "\r\n\r\nbody " + std::to_string(i) + "\r\n");
  }
  client.open();
  client.say("COMPRESS DEFLATE");
  Deflated zip;
  for (const std::string items : {"ENVELOPE", "BODY.PEEK[TEXT]", "BODY.PEEK[]"}) {
    client.send(zip.pack("a FETCH 1:* " + items + "\r\n"));
    const std::string heard = zip.unpack(client.hear_octets_now());
    EXPECT_TRUE(heard.ends_with("a OK FETCH completed\r\n"));
    for (int i = 1; i <= 1000; ++i) {
      const std::string number = std::to_string(i);
      EXPECT_TRUE(heard.contains(items == "ENVELOPE" ? "(NIL \"number " + number + "\""
                                                     : "body " + number + "\r\n"));
    }
  }
}

TEST_F(ImapOrder, WhatIsNoDeflateStreamEndsTheConnection) {
  client.open();
  client.say("COMPRESS DEFLATE");
  client.send("a NOOP\r\n\xff\xff\xff\xff\xff");
  client.hear_all();
  EXPECT_EQ(service->counters().sessions, 0U);
}

// 24 MiB of nothing in 24 KiB: read in bounded pieces and refused as any endless line is.
TEST_F(ImapOrder, ABombIsAnEndlessLine) {
  client.open();
  client.say("COMPRESS DEFLATE");
  Deflated zip;
  client.send(zip.pack(std::string(24 * 1024 * 1024, 'x')));
  EXPECT_TRUE(zip.unpack(client.hear_octets()).contains("* BYE [TOOBIG]"));
}

}  // namespace
}  // namespace postrider::imap
