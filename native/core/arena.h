// The arena of one worker: a single fixed reservation that JavaScript sees as one ArrayBuffer. It holds the control page, the
// event and command tables, the regions that the policy writes, a scratch region that is rewound before each batch, and slabs
// for what outlives a batch. Offsets are int32, so the reservation stays below 2 GiB.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "contract.gen.h"

namespace parapet {

/// A piece of slab memory: `offset` 0 means none.
struct Slab {
    std::uint32_t offset = 0;
    std::uint32_t capacity = 0;
    explicit operator bool() const noexcept { return offset != 0; }
};

class Arena {
public:
    static constexpr std::uint32_t events_max = 1024;
    static constexpr std::uint32_t commands_max = 3 * events_max;
    static constexpr std::uint32_t out_bytes = 4u << 20;
    static constexpr std::uint32_t late_commands_max = 1024;
    static constexpr std::uint32_t late_out_bytes = 1u << 20;
    static constexpr std::uint32_t reply_bytes = 1u << 20;
    static constexpr std::uint32_t scratch_bytes = 16u << 20;
    static constexpr std::uint32_t bytes_min = 64u << 20;

    Arena() = default;
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// Reserves `bytes` (64 MiB to below 2 GiB) and writes the control page. False: the reservation failed, errno tells.
    bool open(std::uint32_t bytes) noexcept;
    /// Gives up ownership: the mapping then lives until the process ends (the view in JavaScript may still be alive).
    void leak() noexcept { base_ = nullptr; }

    [[nodiscard]] std::uint8_t* base() const noexcept { return base_; }
    [[nodiscard]] std::uint32_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::int32_t* words(std::uint32_t offset) const noexcept {
        return reinterpret_cast<std::int32_t*>(base_ + offset);
    }
    [[nodiscard]] std::int32_t& control(std::int32_t word) const noexcept { return words(0)[word]; }
    [[nodiscard]] std::int32_t* event(std::uint32_t index) const noexcept {
        return words(events_offset_) + index * static_cast<std::uint32_t>(event_words);
    }
    [[nodiscard]] const std::int32_t* command(std::uint32_t index) const noexcept {
        return words(commands_offset_) + index * static_cast<std::uint32_t>(command_words);
    }
    [[nodiscard]] const std::int32_t* late_command(std::uint32_t index) const noexcept {
        return words(late_commands_offset_) + index * static_cast<std::uint32_t>(command_words);
    }
    [[nodiscard]] std::uint32_t reply_offset() const noexcept { return reply_offset_; }
    /// The bytes of a span that the policy named, empty if it does not lie inside the arena.
    [[nodiscard]] std::span<const std::uint8_t> checked(std::int32_t offset, std::int32_t length) const noexcept {
        if (offset <= 0 || length <= 0) return {};
        if (static_cast<std::uint64_t>(offset) + static_cast<std::uint64_t>(length) > bytes_) return {};
        return {base_ + offset, static_cast<std::size_t>(length)};
    }
    [[nodiscard]] std::span<std::uint8_t> span(std::uint32_t offset, std::uint32_t length) const noexcept {
        return {base_ + offset, length};
    }

    // Scratch: valid until the next `rewind`.
    void rewind() noexcept { scratch_used_ = 0; }
    [[nodiscard]] std::uint32_t scratch_free() const noexcept { return scratch_bytes - scratch_used_; }
    [[nodiscard]] std::uint32_t scratch_at() const noexcept { return scratch_offset_ + scratch_used_; }
    /// Takes `bytes` (rounded up to 16) from the scratch region; the caller has checked `scratch_free`.
    std::uint32_t take_scratch(std::uint32_t bytes) noexcept {
        const std::uint32_t at = scratch_at();
        scratch_used_ += (bytes + 15u) & ~15u;
        return at;
    }

    // Slabs: powers of two from 1 KiB to 1 MiB.
    static constexpr std::uint32_t slab_smallest_log2 = 10;
    static constexpr std::uint32_t slab_largest_log2 = 20;
    /// A slab of at least `bytes`; none when the arena is full or `bytes` is above 1 MiB.
    Slab allocate(std::uint32_t bytes) noexcept;
    void release(Slab& slab) noexcept;
    [[nodiscard]] std::uint64_t slab_bytes_used() const noexcept { return slab_used_; }

private:
    std::uint8_t* base_ = nullptr;
    std::uint32_t bytes_ = 0;
    std::uint32_t events_offset_ = 0;
    std::uint32_t commands_offset_ = 0;
    std::uint32_t late_commands_offset_ = 0;
    std::uint32_t reply_offset_ = 0;
    std::uint32_t scratch_offset_ = 0;
    std::uint32_t scratch_used_ = 0;
    std::uint32_t slabs_next_ = 0;
    std::uint64_t slab_used_ = 0;
    std::vector<std::uint32_t> free_[slab_largest_log2 - slab_smallest_log2 + 1];
};

}  // namespace parapet
