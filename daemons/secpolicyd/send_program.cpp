#include "send_program.hpp"

#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace ipsec9000 {

namespace {
long bpf(bpf_cmd command, bpf_attr& attributes) { return ::syscall(SYS_bpf, command, &attributes, sizeof attributes); }

std::uint64_t as_number(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

struct Hook {
  bpf_attach_type type;
  std::uint32_t family;
  bool datagram;
};
Hook about(SendHook hook) {
  switch (hook) {
    case SendHook::connect4:
      return {BPF_CGROUP_INET4_CONNECT, AF_INET, false};
    case SendHook::connect6:
      return {BPF_CGROUP_INET6_CONNECT, AF_INET6, false};
    case SendHook::datagram4:
      return {BPF_CGROUP_UDP4_SENDMSG, AF_INET, true};
    case SendHook::datagram6:
      break;
  }
  return {BPF_CGROUP_UDP6_SENDMSG, AF_INET6, true};
}

// Registers: r0 results, r1 to r5 arguments, r6 to r9 are kept over calls, r10 is the end of the stack.
enum Register : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, frame };

class Program {
 public:
  void load(std::uint8_t size, Register to, Register base, std::size_t offset) {
    add(static_cast<std::uint8_t>(BPF_LDX | BPF_MEM | size), to, base, static_cast<int>(offset), 0);
  }
  void store(std::uint8_t size, Register base, std::size_t offset, Register from, int at = 0) {
    add(static_cast<std::uint8_t>(BPF_STX | BPF_MEM | size), base, from, at + static_cast<int>(offset), 0);
  }
  void store_number(std::uint8_t size, Register base, int offset, std::int32_t number) {
    add(static_cast<std::uint8_t>(BPF_ST | BPF_MEM | size), base, r0, offset, number);
  }
  void move(Register to, Register from) { add(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
  void set(Register to, std::int32_t number) { add(BPF_ALU64 | BPF_MOV | BPF_K, to, r0, 0, number); }
  void add_number(Register to, std::int32_t number) { add(BPF_ALU64 | BPF_ADD | BPF_K, to, r0, 0, number); }
  void set_wide(Register to, std::uint64_t number, std::uint8_t kind = 0) {
    add(BPF_LD | BPF_DW | BPF_IMM, to, static_cast<Register>(kind), 0, static_cast<std::int32_t>(number));
    add(0, r0, r0, 0, static_cast<std::int32_t>(number >> 32U));
  }
  void add_to_memory(Register base, Register number) { add(BPF_STX | BPF_ATOMIC | BPF_DW, base, number, 0, BPF_ADD); }
  void call(std::int32_t helper) { add(BPF_JMP | BPF_CALL, r0, r0, 0, helper); }
  void leave() { add(BPF_JMP | BPF_EXIT, r0, r0, 0, 0); }
  // Jumps forward, to where land() is called with what these give.
  std::size_t jump_unless_equal(Register one, Register other) {
    return add(BPF_JMP | BPF_JNE | BPF_X, one, other, 0, 0);
  }
  std::size_t jump_if_zero(Register one) { return add(BPF_JMP | BPF_JEQ | BPF_K, one, r0, 0, 0); }
  std::size_t jump() { return add(BPF_JMP | BPF_JA, r0, r0, 0, 0); }
  void land(std::size_t from) { code_[from].off = static_cast<std::int16_t>(code_.size() - from - 1); }

  const std::vector<bpf_insn>& code() const { return code_; }

 private:
  std::size_t add(std::uint8_t code, Register destination, Register source, int offset, std::int32_t number) {
    bpf_insn instruction{};
    instruction.code = code;
    instruction.dst_reg = destination & 0xfU;
    instruction.src_reg = source & 0xfU;
    instruction.off = static_cast<std::int16_t>(offset);
    instruction.imm = number;
    code_.push_back(instruction);
    return code_.size() - 1;
  }
  std::vector<bpf_insn> code_;
};

constexpr int key_at = -static_cast<int>(sizeof(SendKey));
constexpr int value_at = key_at - static_cast<int>(sizeof(SendValue));

// r6: what the kernel gives (bpf_sock_addr), r7: the socket. Of each eight bytes the latter half is written first:
// Linux 6.1 refuses the other order to programs without CAP_PERFMON.
void fill_key(Program& program, const Hook& hook) {
  for (int offset = key_at; offset < 0; offset += 8) program.store_number(BPF_DW, frame, offset, 0);
  const bool wide = hook.family == AF_INET6;
  const std::size_t remote = wide ? offsetof(bpf_sock_addr, user_ip6) : offsetof(bpf_sock_addr, user_ip4);
  const std::size_t local = hook.datagram
                                ? (wide ? offsetof(bpf_sock_addr, msg_src_ip6) : offsetof(bpf_sock_addr, msg_src_ip4))
                                : (wide ? offsetof(bpf_sock, src_ip6) : offsetof(bpf_sock, src_ip4));
  program.load(BPF_DW, r7, r6, offsetof(bpf_sock_addr, sk));
  for (std::size_t word = wide ? 16U : 4U; word != 0;) {
    word -= 4;
    program.load(BPF_W, r1, r6, remote + word);
    program.store(BPF_W, frame, offsetof(SendKey, remote) + word, r1, key_at);
    program.load(BPF_W, r1, hook.datagram ? r6 : r7, local + word);
    program.store(BPF_W, frame, offsetof(SendKey, local) + word, r1, key_at);
  }
  program.load(BPF_W, r1, r6, offsetof(bpf_sock_addr, user_port));
  program.store(BPF_W, frame, offsetof(SendKey, remote_port), r1, key_at);
  program.load(BPF_W, r1, r7, offsetof(bpf_sock, src_port));
  program.store(BPF_W, frame, offsetof(SendKey, local_port), r1, key_at);
  program.store_number(BPF_W, frame, key_at + static_cast<int>(offsetof(SendKey, family)),
                       static_cast<std::int32_t>(hook.family));
  program.load(BPF_W, r1, r6, offsetof(bpf_sock_addr, protocol));
  program.store(BPF_W, frame, offsetof(SendKey, protocol), r1, key_at);
}

void give_table_and_key(Program& program, int table) {
  program.set_wide(r1, static_cast<std::uint32_t>(table), BPF_PSEUDO_MAP_FD);
  program.move(r2, frame);
  program.add_number(r2, key_at);
}

Program write_program(const Hook& hook, int table, std::uint64_t net) {
  Program program;
  program.move(r6, r1);
  program.call(BPF_FUNC_get_netns_cookie);
  program.set_wide(r1, net);
  const auto of_others = program.jump_unless_equal(r0, r1);
  fill_key(program, hook);
  program.call(BPF_FUNC_ktime_get_ns);
  program.move(r8, r0);
  give_table_and_key(program, table);
  program.call(BPF_FUNC_map_lookup_elem);
  const auto is_new = program.jump_if_zero(r0);
  program.set(r1, 1);
  program.add_to_memory(r0, r1);
  program.store(BPF_DW, r0, offsetof(SendValue, last), r8);
  const auto counted = program.jump();
  program.land(is_new);
  program.store_number(BPF_DW, frame, value_at, 1);
  program.store(BPF_DW, frame, offsetof(SendValue, last), r8, value_at);
  give_table_and_key(program, table);
  program.move(r3, frame);
  program.add_number(r3, value_at);
  program.set(r4, BPF_ANY);
  program.call(BPF_FUNC_map_update_elem);
  program.land(of_others);
  program.land(counted);
  program.set(r0, 1);  // go on as ever
  program.leave();
  return program;
}
}  // namespace

Result<FileDescriptor> make_send_table(std::uint32_t entries) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_LRU_HASH;
  attributes.key_size = sizeof(SendKey);
  attributes.value_size = sizeof(SendValue);
  attributes.max_entries = entries;
  FileDescriptor table(static_cast<int>(bpf(BPF_MAP_CREATE, attributes)));
  if (!table) return system_error("making a table in the kernel");
  return table;
}

Result<FileDescriptor> attach_send_program(SendHook hook, int table, int group, std::uint64_t net) {
  const auto place = about(hook);
  const auto program = write_program(place, table, net);
  constexpr const char* license = "none";  // no function that the kernel reserves to the GPL is called
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
  attributes.expected_attach_type = place.type;
  attributes.insns = as_number(program.code().data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.code().size());
  attributes.license = as_number(license);
  const FileDescriptor loaded(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
  if (!loaded) return system_error("giving a program to the kernel");
  bpf_attr link{};
  link.link_create.prog_fd = static_cast<std::uint32_t>(loaded.get());
  link.link_create.target_fd = static_cast<std::uint32_t>(group);
  link.link_create.attach_type = place.type;
  FileDescriptor attached(static_cast<int>(bpf(BPF_LINK_CREATE, link)));
  if (!attached) return system_error("attaching a program to a control group");
  return attached;
}

Result<std::uint32_t> take_sends(int table, SendKey* keys, SendValue* values, std::uint32_t room) {
  std::uint32_t position = 0;
  bpf_attr attributes{};
  attributes.batch.out_batch = as_number(&position);
  attributes.batch.keys = as_number(keys);
  attributes.batch.values = as_number(values);
  attributes.batch.count = room;
  attributes.batch.map_fd = static_cast<std::uint32_t>(table);
  // ENOENT: that was all.
  if (bpf(BPF_MAP_LOOKUP_AND_DELETE_BATCH, attributes) != 0 && errno != ENOENT)
    return system_error("reading a table of the kernel");
  return attributes.batch.count;
}

}  // namespace ipsec9000
