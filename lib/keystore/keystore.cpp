#include "keystore/keystore.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <set>

#include "base/files.hpp"
#include "base/write_lock.hpp"
#include "crypto/random.hpp"
#include "keystore/contents.hpp"
#include "keystore/document.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;
using keystore::Document;
using keystore::Entries;

namespace {
constexpr std::size_t salt_bytes = 32;

Bytes random_bytes(std::size_t count) { return SystemRandom().bytes(count); }

Result<keystore::PasswordSlot> wrap_for_password(const Secret& master, const Secret& password,
                                                 const keystore::ScryptCost& cost) {
  keystore::PasswordSlot slot{cost, random_bytes(salt_bytes), random_bytes(keystore::nonce_bytes), {}};
  const auto key = keystore::derive_key(password, slot.salt, cost);
  if (!key) return key.error();
  auto wrapped = keystore::seal(key->view(), slot.nonce, as_bytes(slot.header()), master.view());
  if (!wrapped) return wrapped.error();
  slot.wrapped = std::move(*wrapped);
  return slot;
}

Result<Secret> unwrap_with_password(const keystore::PasswordSlot& slot, const Secret& password) {
  const auto key = keystore::derive_key(password, slot.salt, slot.cost);
  if (!key) return key.error();
  auto master = keystore::unseal(key->view(), slot.nonce, as_bytes(slot.header()), slot.wrapped);
  if (!master && master.error().code == ErrorCode::refused) return Error{ErrorCode::not_permitted, "wrong password"};
  return master;
}

Result<Secret> read_machine_key(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return Error{ErrorCode::not_found, path.string() + ": there is no machine key"};
  if (!file) return system_error(path.string());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path.string());
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0)
    return Error{ErrorCode::not_permitted, path.string() + ": must be a file that nobody but its owner may read"};
  std::array<std::uint8_t, keystore::key_bytes + 1> buffer{};
  const auto count = ::read(file.get(), buffer.data(), buffer.size());
  if (count < 0) return system_error(path.string());
  Secret key(ByteView(buffer).first(static_cast<std::size_t>(count)));
  wipe_memory(buffer.data(), buffer.size());
  if (key.size() != keystore::key_bytes) return Error{ErrorCode::invalid_input, path.string() + ": not 32 bytes long"};
  return key;
}

Result<Secret> machine_key(const fs::path& path) {
  auto existing = read_machine_key(path);
  if (existing || existing.error().code != ErrorCode::not_found) return existing;
  auto fresh = Secret::adopt(random_bytes(keystore::key_bytes));
  const std::string_view text(reinterpret_cast<const char*>(fresh.view().data()), fresh.size());
  if (auto written = replace_file(path, text, 0600); !written) return written.error();
  return fresh;
}

Result<Document> load(const fs::path& path) {
  if (!Keystore::exists(path))
    return Error{ErrorCode::not_found, path.string() + ": there is no key store; a password must be set first"};
  auto text = read_file(path, keystore::largest_file);
  if (!text) return text.error();
  auto document = keystore::read_document(*text);
  if (!document) return document.error().within(path.string() + " is damaged");
  return document;
}
}  // namespace

std::string_view to_string(KeyKind kind) { return kind == KeyKind::psk ? "psk" : "private_key"; }

struct Keystore::State {
  fs::path path;
  Document document;
  Secret master;
  Entries entries;
  // Pre-shared keys by prefix, and the prefix lengths in use, longest first: a look-up costs as many steps as there are
  // lengths, whatever the number of peers. The pointers point into `entries`.
  std::map<Prefix, const Secret*> by_prefix;
  std::set<std::pair<Family, unsigned>, std::greater<>> lengths;

  Result<void> decrypt() {
    auto packed = keystore::unseal(master.view(), document.nonce, as_bytes(document.header()), document.sealed);
    if (!packed)
      return Error{ErrorCode::invalid_input, path.string() + " is damaged: data, or the list of slots: not authentic"};
    auto read = keystore::unpack(*packed);
    if (!read) return read.error().within(path.string() + " is damaged");
    entries = std::move(*read);
    index();
    return {};
  }

  void index() {
    by_prefix.clear();
    lengths.clear();
    for (const auto& [key, stored] : entries) {
      if (key.first != KeyKind::psk) continue;
      const auto prefix = Prefix::parse(key.second);
      if (!prefix) continue;  // a host name
      by_prefix[*prefix] = &stored.secret;
      lengths.emplace(prefix->family(), prefix->length());
    }
  }

  Result<void> save() {
    document.nonce = random_bytes(keystore::nonce_bytes);
    const auto packed = keystore::pack(entries);
    auto sealed = keystore::seal(master.view(), document.nonce, as_bytes(document.header()), packed.view());
    if (!sealed) return sealed.error();
    document.sealed = std::move(*sealed);
    return replace_file(path, keystore::write_document(document), 0600);
  }

  // What the file holds now: another process may have written since it was read. Call with the lock held.
  Result<void> refresh() {
    auto fresh = load(path);
    if (!fresh) return fresh.error();
    State now{path, std::move(*fresh), master.clone(), {}, {}, {}};
    if (auto read = now.decrypt(); !read) return read.error();
    *this = std::move(now);
    return {};
  }

  // Every change: lock, read again, change, write. When writing fails, memory goes back to what the file holds.
  template <class Change>
  Result<void> change(Change&& apply) {
    const auto lock = WriteLock::acquire(path);
    if (!lock) return lock.error();
    if (auto fresh = refresh(); !fresh) return fresh.error();
    Result<void> done = apply();
    if (done) done = save();
    if (!done) {
      const auto restored = refresh();
      if (!restored) return Error{done.error().code, done.error().text + "; then " + restored.error().text};
      return done;
    }
    index();
    return {};
  }
};

Keystore::Keystore(std::unique_ptr<State> state) : state_(std::move(state)) {}
Keystore::Keystore(Keystore&&) noexcept = default;
Keystore& Keystore::operator=(Keystore&&) noexcept = default;
Keystore::~Keystore() = default;

bool Keystore::exists(const fs::path& path) {
  std::error_code failure;
  return fs::exists(fs::symlink_status(path, failure));
}

fs::path Keystore::machine_key_file(const fs::path& store) { return store.parent_path() / "machine.key"; }

fs::path Keystore::machine_credential_file(const fs::path& store) { return store.parent_path() / "machine.cred"; }

Result<Keystore> Keystore::create(const fs::path& path, const Secret& password, const keystore::ScryptCost& cost) {
  if (auto checked = check_new_password(password); !checked) return checked.error();
  const auto lock = WriteLock::acquire(path);
  if (!lock) return lock.error();
  if (exists(path)) return Error{ErrorCode::already_exists, path.string() + ": there is a key store already"};
  auto state = std::make_unique<State>();
  state->path = path;
  state->master = Secret::adopt(random_bytes(keystore::key_bytes));
  auto slot = wrap_for_password(state->master, password, cost);
  if (!slot) return slot.error();
  state->document.password = std::move(*slot);
  if (auto saved = state->save(); !saved) return saved.error();
  return Keystore(std::move(state));
}

Result<Keystore> Keystore::open(const fs::path& path, const Secret& password) {
  auto document = load(path);
  if (!document) return document.error();
  auto master = unwrap_with_password(document->password, password);
  if (!master) return master.error();
  auto state = std::make_unique<State>(State{path, std::move(*document), std::move(*master), {}, {}, {}});
  if (auto read = state->decrypt(); !read) return read.error();
  return Keystore(std::move(state));
}

Result<Keystore> Keystore::open_with_machine_key(const fs::path& path, const fs::path& machine_key_file) {
  auto document = load(path);
  if (!document) return document.error();
  if (!document->machine) return Error{ErrorCode::not_found, path.string() + ": not to be opened by a machine key"};
  const auto key = read_machine_key(machine_key_file);
  if (!key) return key.error();
  auto master = keystore::unseal(key->view(), document->machine->nonce, as_bytes(document->machine->header()),
                                 document->machine->wrapped);
  if (!master && master.error().code == ErrorCode::refused)
    return Error{ErrorCode::not_permitted, machine_key_file.string() + ": not the key of this store"};
  if (!master) return master.error();
  auto state = std::make_unique<State>(State{path, std::move(*document), std::move(*master), {}, {}, {}});
  if (auto read = state->decrypt(); !read) return read.error();
  return Keystore(std::move(state));
}

Result<void> Keystore::add_machine_slot(const fs::path& machine_key_file) {
  return state_->change([&]() -> Result<void> {
    const auto key = machine_key(machine_key_file);
    if (!key) return key.error();
    keystore::MachineSlot slot{random_bytes(keystore::nonce_bytes), {}};
    auto wrapped = keystore::seal(key->view(), slot.nonce, as_bytes(slot.header()), state_->master.view());
    if (!wrapped) return wrapped.error();
    slot.wrapped = std::move(*wrapped);
    state_->document.machine = std::move(slot);
    return {};
  });
}

Result<void> Keystore::remove_machine_slot() {
  return state_->change([&]() -> Result<void> {
    if (!state_->document.machine) return Error{ErrorCode::not_found, "the store has no machine key"};
    state_->document.machine.reset();
    return {};
  });
}

Result<void> Keystore::set_machine_slot(const fs::path& machine_key_file, bool wanted) {
  if (wanted) return add_machine_slot(machine_key_file);
  auto removed = remove_machine_slot();
  if (!removed && removed.error().code == ErrorCode::not_found) return {};
  return removed;
}

Result<bool> Keystore::names_machine_slot(const fs::path& path) {
  const auto document = load(path);
  if (!document) return document.error();
  return document->machine.has_value();
}

bool Keystore::has_machine_slot() const { return state_->document.machine.has_value(); }

Result<void> Keystore::check_password(const Secret& password) const {
  const auto master = unwrap_with_password(state_->document.password, password);
  if (!master) return master.error();
  return {};
}

Result<void> Keystore::change_password(const Secret& old_password, const Secret& new_password) {
  if (auto checked = check_new_password(new_password); !checked) return checked.error();
  return state_->change([&]() -> Result<void> {
    if (auto checked = check_password(old_password); !checked) return checked.error();
    auto slot = wrap_for_password(state_->master, new_password, state_->document.password.cost);
    if (!slot) return slot.error();
    state_->document.password = std::move(*slot);
    return {};
  });
}

Result<void> Keystore::set(KeyEntry entry) {
  if (entry.kind == KeyKind::psk) {
    auto name = normal_remote_name(entry.name);
    if (!name) return name.error();
    entry.name = std::move(*name);
  }
  if (auto checked = keystore::check_entry(entry); !checked) return checked.error();
  return state_->change([&]() -> Result<void> {
    if (state_->entries.size() >= keystore::entries_maximum)
      return Error{ErrorCode::refused, "the key store is full (100000 entries)"};
    state_->entries.insert_or_assign({entry.kind, entry.name}, keystore::Stored{std::move(entry.secret), entry.set_at});
    return {};
  });
}

Result<void> Keystore::erase(KeyKind kind, std::string_view name) {
  auto wanted = std::string(name);
  if (kind == KeyKind::psk) {
    auto normal = normal_remote_name(name);
    if (!normal) return normal.error();
    wanted = std::move(*normal);
  }
  return state_->change([&]() -> Result<void> {
    if (state_->entries.erase({kind, wanted}) == 0) return Error{ErrorCode::not_found, "there is no key for " + wanted};
    return {};
  });
}

std::vector<KeySummary> Keystore::list() const {
  std::vector<KeySummary> all;
  for (const auto& [key, stored] : state_->entries)
    all.push_back({key.first, key.second, stored.secret.size(), stored.set_at});
  return all;
}

const Secret* Keystore::find_psk(const IpAddress& remote) const {
  for (const auto& [family, length] : state_->lengths) {  // longest first
    if (family != remote.family()) continue;
    const auto prefix = Prefix::make(remote, length);
    const auto found = prefix ? state_->by_prefix.find(*prefix) : state_->by_prefix.end();
    if (found != state_->by_prefix.end()) return found->second;
  }
  return nullptr;
}

const Secret* Keystore::find_psk(const Identity& remote) const {
  if (remote.type == IdType::ipv4_address || remote.type == IdType::ipv6_address) {
    const auto address = IpAddress::from_bytes(remote.value);
    return address ? find_psk(*address) : nullptr;
  }
  if (remote.type != IdType::fqdn && remote.type != IdType::user_fqdn) return nullptr;
  const auto name = normal_remote_name(std::string(remote.value.begin(), remote.value.end()));
  if (!name) return nullptr;
  const auto found = state_->entries.find({KeyKind::psk, *name});
  return found == state_->entries.end() ? nullptr : &found->second.secret;
}

const Secret* Keystore::find_private_key(std::string_view name) const {
  const auto found = state_->entries.find({KeyKind::private_key, std::string(name)});
  return found == state_->entries.end() ? nullptr : &found->second.secret;
}

}  // namespace ipsec9000
