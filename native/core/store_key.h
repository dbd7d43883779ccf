// Keys as they stand in the store: what the policy or the engine lays out (see `src/cache/key.ts`), completed by the purge epoch of
// its URL where request fields or settings extend it.
#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "process.h"
#include "siphash.h"
#include "store/key_parts.h"
#include "store/store.h"

namespace parapet {

/// What request fields extend a key by, and what settings do; see `src/cache/key.ts`.
inline constexpr std::uint8_t key_extension_mark = 0x01;
inline constexpr std::uint8_t key_custom_mark = 0x05;
/// Before the epoch, at the very end.
inline constexpr std::uint8_t key_epoch_mark = 0x05;

/// The part of a key that names zone and URL, where request fields or settings extend it; else all of it.
inline std::span<const std::uint8_t> url_part(std::span<const std::uint8_t> key) noexcept {
    const auto url = store::parts_of(key).url;
    if (url.size() == key.size()) return key;
    const std::uint8_t mark = key[url.size()];
    return mark == key_extension_mark || mark == key_custom_mark ? url : key;
}

/// The key to use in the store: `key` itself, or a completed copy in `room` (`key.size() + 5` bytes). Empty where it does not fit.
inline std::span<const std::uint8_t> stored_key(const HashKey& secret, std::span<const std::uint8_t> key, std::span<std::uint8_t> room) noexcept {
    const auto url = url_part(key);
    if (url.size() == key.size()) return key;
    if (room.size() < key.size() + 5 || key.size() + 5 > store::key_bytes_limit) return {};
    const std::uint32_t epoch = Process::get().purge_epochs.get(siphash13(secret, url));
    std::memcpy(room.data(), key.data(), key.size());
    room[key.size()] = key_epoch_mark;
    std::memcpy(room.data() + key.size() + 1, &epoch, 4);
    return room.first(key.size() + 5);
}

/// The epoch of the URL of any key, variants and slices too: where it has risen since the origin was asked, the answer is out of date.
inline const std::atomic<std::uint64_t>& invalidations_of(const HashKey& secret, std::span<const std::uint8_t> key) noexcept {
    return Process::get().purge_epochs.of(siphash13(secret, store::parts_of(key).url));
}

/// Invalidation: removes what stands under a primary key, its variants, and what request fields and settings extend it to. No purge generation
/// is made, so that requests which change things cost those for other URLs nothing. Gives how many things were hit directly.
inline std::uint32_t invalidate_key(store::Store& store, const HashKey& secret, std::span<const std::uint8_t> key, bool soft) noexcept {
    const auto url = url_part(key);
    if (!soft) Process::get().purge_epochs.raise(siphash13(secret, url));
    return store.purge(siphash13(secret, url), url, soft);
}

/// A purge by URL: the same, and whatever extends the URL's key, hard or soft. Nothing where the epochs are used up.
inline std::optional<std::uint32_t> purge_url(store::Store& store, const HashKey& secret, std::span<const std::uint8_t> key, bool soft) noexcept {
    const auto url = store::parts_of(key).url;
    return store.purge_url(siphash13(secret, url), url, soft);
}

}  // namespace parapet
