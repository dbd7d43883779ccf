// What the tests of the store share: a small store that remembers its notifications, and short ways to put and read objects.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/contract.gen.h"
#include "core/store/store.h"

namespace parapet::store {

inline Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
inline std::string text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// FNV-1a with a finish: the store asks only that the hash is spread.
inline std::uint64_t hash_of(std::string_view key) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : key) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  h ^= h >> 32;
  return h;
}

// A body whose every part tells where it is.
inline std::string body_of(std::string_view seed, std::size_t length) {
  std::string body(length, '\0');
  std::uint64_t x = hash_of(seed) | 1;
  for (std::size_t i = 0; i < length; ++i) {
    if (i % 8 == 0) x = x * 6364136223846793005u + 1442695040888963407u;
    body[i] = static_cast<char>(x >> (8 * (i % 8)));
  }
  return body;
}

struct Note {
  std::uint32_t worker;
  std::uint32_t index;
  std::uint32_t generation;
};

struct Rig {
  Rig() : Rig(small()) {}
  explicit Rig(Config config) {
    config.workers_max = 8;
    config.notify = [](void* context, std::uint32_t worker, std::uint32_t index, std::uint32_t generation) {
      static_cast<Rig*>(context)->notes.push_back({worker, index, generation});
    };
    config.notify_context = this;
    store = Store::create(config);
  }
  ~Rig() { Store::destroy(store); }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  static Config small() {
    Config config;
    config.bytes_max = 8u << 20;
    return config;
  }

  bool was_told(std::uint32_t worker) {
    bool told = false;
    for (const Note& note : notes) told = told || note.worker == worker;
    notes.clear();
    return told;
  }

  LookupResult look(std::string_view key, std::uint32_t worker = 0) { return store->lookup(worker, hash_of(key), bytes_of(key), now); }
  FillResult begin(std::string_view key, std::uint32_t worker = 0, Reader* reader = nullptr, ObjectRef seen = {}) {
    return store->begin_fill({hash_of(key), bytes_of(key), worker, 0, now, seen}, reader);
  }
  ObjectMeta meta(std::uint32_t fresh_for = 60) const {
    ObjectMeta m;
    m.stored_at = now;
    m.fresh_until = now + fresh_for;
    m.status = 200;
    return m;
  }
  // Writes as much as fits now; the number of bytes written.
  std::size_t write(FillRef fill, std::string_view bytes) {
    std::size_t written = 0;
    std::span<std::uint8_t> room;
    while (written < bytes.size() && store->writable(fill, room) == WriteState::ready && !room.empty()) {
      const std::size_t n = std::min(room.size(), bytes.size() - written);
      std::memcpy(room.data(), bytes.data() + written, n);
      store->commit(fill, n);
      written += n;
    }
    return written;
  }
  bool put(std::string_view key, std::string_view body, std::string_view head = "head", bool is_length_known = true) {
    const FillResult begun = begin(key);
    if (begun.object && begun.kind != FillKind::leader && begun.kind != FillKind::follower) store->unpin(0, begun.object);
    if (begun.kind != FillKind::leader) return false;
    if (store->set_head(begun.fill, bytes_of(head), meta(), is_length_known ? body.size() : unknown_length) == HeadState::refused) {
      store->abort(begun.fill, AbortCause::released);
      return false;
    }
    if (write(begun.fill, body) != body.size()) {
      store->abort(begun.fill, AbortCause::failed_after_head);
      return false;
    }
    return store->complete(begun.fill);
  }
  // All that the reader can give now.
  static std::string drain(Reader& reader, ReadState& state) {
    std::string all;
    Bytes bytes;
    while ((state = reader.next(bytes)) == ReadState::data) {
      all += text_of(bytes);
      reader.advance(bytes.size());
    }
    return all;
  }
  // The body under the key, or "(none)".
  std::string get(std::string_view key) {
    const LookupResult found = look(key);
    if (found.state != LookupState::object) {
      if (found.ref) store->unpin(0, found.ref);
      return "(none)";
    }
    Reader reader;
    store->open_reader(0, found.ref, reader);
    ReadState state = ReadState::wait;
    std::string body = drain(reader, state);
    return state == ReadState::end && body.size() == found.view.body_length ? body : "(broken)";
  }
  bool has(std::string_view key) {
    const LookupResult found = look(key);
    if (found.ref) store->unpin(0, found.ref);
    return found.state == LookupState::object;
  }

  std::uint32_t now = 1'000'000;
  std::vector<Note> notes;
  Store* store = nullptr;
};

}  // namespace parapet::store
