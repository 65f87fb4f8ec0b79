#include "base/bytes.hpp"

#include <catch2/catch.hpp>

#include "base/secret.hpp"

using namespace ipsec9000;

TEST_CASE("hexadecimal goes both ways") {
  const Bytes bytes = {0x00, 0x01, 0x7f, 0x80, 0xff};
  CHECK(to_hex(bytes) == "00017f80ff");
  CHECK(*from_hex("00017F80ff") == bytes);
  CHECK(from_hex("")->empty());
}

TEST_CASE("what is not hexadecimal is refused") {
  const char* text = GENERATE("0", "0g", "0x", " 00", "00 ", "\xff\xff");
  CHECK_FALSE(from_hex(text));
}

TEST_CASE("a reader takes values in network byte order") {
  const Bytes bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  Reader reader(bytes);
  CHECK(reader.u8() == 0x01);
  CHECK(reader.u16() == 0x0203);
  CHECK(reader.u32() == 0x04050607);
  CHECK(reader.u64() == 0x08090a0b0c0d0e0f);
  CHECK(reader.remaining() == 1);
  CHECK(to_bytes(reader.take_rest()) == Bytes{16});
  CHECK(reader.empty());
  CHECK_FALSE(reader.failed());
}

TEST_CASE("once something was missing, a reader gives nothing more") {
  const Bytes bytes = {1, 2, 3};
  for (std::size_t width : {4U, 8U}) {
    Reader reader(bytes);
    CHECK((width == 4 ? reader.u32().has_value() : reader.u64().has_value()) == false);
    CHECK(reader.failed());
    CHECK_FALSE(reader.u8());
    CHECK_FALSE(reader.take(0));
    CHECK(reader.take_rest().empty());
  }
}

TEST_CASE("a reader cannot be asked for more than there is") {
  const Bytes bytes = {1, 2, 3};
  for (std::size_t count = 0; count < 6; ++count) CHECK(Reader(bytes).take(count).has_value() == (count <= 3));
  CHECK_FALSE(Reader(bytes).take(SIZE_MAX));
}

TEST_CASE("what a writer writes, a reader reads") {
  auto bytes = Writer().u8(0xfe).u16(0xfedc).u32(0xfedcba98).u64(0xfedcba9876543210).bytes(Bytes{1, 2}).take();
  Reader reader(bytes);
  CHECK(reader.u8() == 0xfe);
  CHECK(reader.u16() == 0xfedc);
  CHECK(reader.u32() == 0xfedcba98);
  CHECK(reader.u64() == 0xfedcba9876543210);
  CHECK(to_bytes(reader.take_rest()) == Bytes{1, 2});
}

TEST_CASE("lengths are patched in where they belong") {
  Writer writer;
  writer.u8(1).u16(0).u32(0).u8(2);
  writer.patch_u16(1, 0x1234);
  writer.patch_u32(3, 0x56789abc);
  CHECK(to_hex(writer.take()) == "01123456789abc02");
}

TEST_CASE("constant-time comparison compares") {
  CHECK(equal_constant_time(Bytes{1, 2}, Bytes{1, 2}));
  CHECK(equal_constant_time({}, {}));
  CHECK_FALSE(equal_constant_time(Bytes{1, 2}, Bytes{1, 3}));
  CHECK_FALSE(equal_constant_time(Bytes{1, 2}, Bytes{1, 2, 3}));
}

TEST_CASE("a secret that was moved from is empty") {
  Secret key(std::string_view("correct horse"));
  const Secret other = std::move(key);
  CHECK(key.empty());  // NOLINT(bugprone-use-after-move): that is the question
  CHECK(other.size() == 13);
  CHECK(equal_constant_time(other.clone().view(), as_bytes("correct horse")));
}

TEST_CASE("a wiped secret is empty") {
  Secret key = Secret::adopt(Bytes{1, 2, 3});
  key.wipe();
  CHECK(key.empty());
}

TEST_CASE("memory is wiped to zeros") {
  Bytes bytes(32, 0xaa);
  wipe_memory(bytes.data(), bytes.size());
  CHECK(bytes == Bytes(32, 0));
}
