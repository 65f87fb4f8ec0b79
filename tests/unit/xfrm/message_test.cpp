#include "xfrm/message.hpp"

#include <linux/netlink.h>

#include <cerrno>

#include "captured.hpp"
#include "messages.hpp"

using namespace ipsec9000;

TEST_CASE("a datagram is taken apart into its messages") {
  Bytes datagram = *from_hex(captured::default_actions);
  datagram.resize((datagram.size() + 3) & ~std::size_t{3});
  append(datagram, *from_hex(captured::refused));
  MessageReader reader(datagram);
  const auto first = reader.next();
  REQUIRE((first && *first));
  CHECK((*first)->type == 0x28);
  CHECK((*first)->payload.size() == 4);
  const auto second = reader.next();
  REQUIRE((second && *second));
  CHECK((*second)->type == NLMSG_ERROR);
  const auto end = reader.next();
  REQUIRE(end);
  CHECK_FALSE(*end);
}

TEST_CASE("a datagram that ends within a message is refused, and then at its end") {
  const Bytes whole = *from_hex(captured::default_actions);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    MessageReader reader(ByteView(whole).first(size));
    CAPTURE(size);
    CHECK_FALSE(reader.next());
    const auto after = reader.next();
    REQUIRE(after);
    CHECK_FALSE(*after);
  }
}

TEST_CASE("a message's length must hold its header and stay within the datagram") {
  for (const char* hex : {"00000000100000000000000000000000", "0f000000100000000000000000000000",
                          "11000000100000000000000000000000", "ffffffff100000000000000000000000"}) {
    const Bytes bytes = *from_hex(hex);
    CHECK_FALSE(MessageReader(bytes).next());
  }
}

TEST_CASE("attributes are found by number, the last of a kind counts") {
  const Bytes bytes = *from_hex(
      "0500010041000000"
      "0500010042000000"
      "08000280"
      "01020304");
  const auto attributes = Attributes::parse(bytes);
  REQUIRE(attributes);
  REQUIRE(attributes->find(1));
  CHECK(to_hex(*attributes->find(1)) == "42");
  CHECK(to_hex(*attributes->find(2)) == "01020304");  // the flag in the type's highest bit is no part of the number
  CHECK_FALSE(attributes->find(3));
  CHECK_FALSE(attributes->find(65535));
  CHECK(**attributes->get<std::uint8_t>(1) == 0x42);
  CHECK_FALSE(*attributes->get<std::uint8_t>(3));
  CHECK_FALSE(attributes->get<std::uint16_t>(1));  // shorter than what is asked for
}

TEST_CASE("an empty attribute is there") {
  const Bytes bytes = *from_hex("04000100");
  const auto attributes = Attributes::parse(bytes);
  REQUIRE(attributes);
  CHECK(attributes->find(1));
}

TEST_CASE("attributes of unknown numbers are passed over") {
  CHECK(
      Attributes::parse(*from_hex("0500ff7f00000000"
                                  "0400ff3f")));
}

TEST_CASE("attributes whose lengths do not fit are refused") {
  for (const char* hex : {"00", "0400", "040001", "00000100", "03000100", "05000100", "ffff0100", "040001000000",
                          "0500010041000000"
                          "ff000200"}) {
    CAPTURE(hex);
    CHECK_FALSE(Attributes::parse(*from_hex(hex)));
  }
}

TEST_CASE("the kernel's refusal has its errno as a code") {
  const CapturedMessage message(captured::refused);
  const auto answer = read_acknowledgement(*message);
  REQUIRE(answer);
  CHECK(answer->number == ENOENT);
  CHECK(kernel_error(*answer).code == ErrorCode::not_found);
  CHECK(kernel_error({EEXIST, ""}).code == ErrorCode::already_exists);
  CHECK(kernel_error({EPERM, ""}).code == ErrorCode::not_permitted);
  CHECK(kernel_error({EPROTONOSUPPORT, ""}).code == ErrorCode::unsupported);
  CHECK(kernel_error({EINVAL, "Bad mode"}).code == ErrorCode::refused);
  CHECK(kernel_error({EINVAL, "Bad mode"}).text == "Invalid argument (Bad mode)");
  CHECK(kernel_error({4000, ""}).text == "error 4000");
}

namespace {
// An NLMSG_ERROR of EINVAL for a request of `request_length` bytes, followed by `rest`.
Bytes error_message(std::uint16_t flags, std::uint32_t request_length, std::string_view rest) {
  Bytes payload = *from_hex("eaffffff");
  const nlmsghdr request{request_length, 0x13, 5, 1, 0};
  append(payload, {reinterpret_cast<const std::uint8_t*>(&request), sizeof request});
  append(payload, *from_hex(rest));
  const nlmsghdr header{static_cast<std::uint32_t>(sizeof(nlmsghdr) + payload.size()), NLMSG_ERROR, flags, 1, 0};
  Bytes whole;
  append(whole, {reinterpret_cast<const std::uint8_t*>(&header), sizeof header});
  append(whole, payload);
  return whole;
}
}  // namespace

TEST_CASE("the text of an extended acknowledgement is read, and made safe to show") {
  const std::string text = "0b0001004e6f1b5b32004a00";  // "No", escape, "[2", the end, rubbish
  const CapturedMessage capped(error_message(NLM_F_ACK_TLVS | NLM_F_CAPPED, 500, text));
  CHECK(read_acknowledgement(*capped)->kernel_text == "No\\x1b[2");
  const CapturedMessage echoed(error_message(NLM_F_ACK_TLVS, 24, "1122334455667788" + text));
  CHECK(read_acknowledgement(*echoed)->kernel_text == "No\\x1b[2");
}

TEST_CASE("an acknowledgement with a broken extension still says what happened") {
  for (const char* rest : {"", "ff", "ffff0100", "0b000100"}) {
    const CapturedMessage message(error_message(NLM_F_ACK_TLVS | NLM_F_CAPPED, 24, rest));
    const auto answer = read_acknowledgement(*message);
    REQUIRE(answer);
    CHECK(answer->number == EINVAL);
    CHECK(answer->kernel_text.empty());
  }
  // The echo is said to be longer than the message.
  const CapturedMessage message(error_message(NLM_F_ACK_TLVS, 0xfffffff0, "0b0001004e6f"));
  CHECK(read_acknowledgement(*message)->number == EINVAL);
}

TEST_CASE("an acknowledgement that is too short or has an impossible number is refused") {
  const Bytes whole = error_message(0, 16, "");
  for (std::size_t size = 0; size < sizeof(nlmsgerr); ++size) {
    const Message message{NLMSG_ERROR, 0, 1, 0, ByteView(whole).subspan(sizeof(nlmsghdr), size)};
    CHECK_FALSE(read_acknowledgement(message));
  }
  for (const char* number : {"01000000", "00000080", "00f0ffff"}) {
    const Bytes bytes = *from_hex(number + std::string(32, '0'));
    CHECK_FALSE(read_acknowledgement({NLMSG_ERROR, 0, 1, 0, bytes}));
  }
  const auto end = read_acknowledgement(*CapturedMessage(captured::dump_done));
  REQUIRE(end);
  CHECK(end->number == 0);
}
