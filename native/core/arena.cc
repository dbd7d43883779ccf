#include "arena.h"

#include <sys/mman.h>

#include <bit>

#include "poison.h"

namespace parapet {

Arena::~Arena() {
    if (base_ != nullptr) {
        unpoison(base_, bytes_);
        ::munmap(base_, bytes_);
    }
}

bool Arena::open(std::uint32_t bytes) noexcept {
    if (bytes < bytes_min || bytes > 0x7fff0000u) return false;
    void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return false;
    base_ = static_cast<std::uint8_t*>(at);
    bytes_ = bytes;
    std::uint32_t next = static_cast<std::uint32_t>(control_page_bytes);
    const auto region = [&next](std::uint32_t size) {
        const std::uint32_t at_offset = next;
        next += (size + 4095u) & ~4095u;
        return at_offset;
    };
    events_offset_ = region(events_max * static_cast<std::uint32_t>(event_words) * 4);
    commands_offset_ = region(commands_max * static_cast<std::uint32_t>(command_words) * 4);
    const std::uint32_t out = region(out_bytes);
    late_commands_offset_ = region(late_commands_max * static_cast<std::uint32_t>(command_words) * 4);
    const std::uint32_t late_out = region(late_out_bytes);
    reply_offset_ = region(reply_bytes);
    scratch_offset_ = region(scratch_bytes);
    slabs_next_ = (next + ((1u << slab_largest_log2) - 1)) & ~((1u << slab_largest_log2) - 1);

    const auto set = [this](std::int32_t word, std::uint32_t value) { control(word) = static_cast<std::int32_t>(value); };
    set(control_word::contract_version, static_cast<std::uint32_t>(contract_version));
    set(control_word::arena_bytes, bytes);
    set(control_word::events_offset, events_offset_);
    set(control_word::events_max, events_max);
    set(control_word::commands_offset, commands_offset_);
    set(control_word::commands_max, commands_max);
    set(control_word::out_offset, out);
    set(control_word::out_bytes, out_bytes);
    set(control_word::late_commands_offset, late_commands_offset_);
    set(control_word::late_commands_max, late_commands_max);
    set(control_word::late_out_offset, late_out);
    set(control_word::late_out_bytes, late_out_bytes);
    set(control_word::reply_offset, reply_offset_);
    set(control_word::reply_bytes, reply_bytes);
    return true;
}

Slab Arena::allocate(std::uint32_t bytes) noexcept {
    if (bytes > (1u << slab_largest_log2)) return {};
    std::uint32_t log2 = static_cast<std::uint32_t>(std::bit_width(bytes > 1 ? bytes - 1 : 1u));
    if (log2 < slab_smallest_log2) log2 = slab_smallest_log2;
    auto& list = free_[log2 - slab_smallest_log2];
    const std::uint32_t size = 1u << log2;
    Slab slab;
    if (!list.empty()) {
        slab = {list.back(), size};
        list.pop_back();
    } else {
        // A run of one size is cut from the reservation at a time; what is freed is used again for its own size.
        const std::uint32_t run = size < (64u << 10) ? (64u << 10) : size;
        if (slabs_next_ > bytes_ || bytes_ - slabs_next_ < run) return {};
        const std::uint32_t at = slabs_next_;
        slabs_next_ += run;
        for (std::uint32_t piece = at + run - size; piece > at; piece -= size) {
            poison(base_ + piece, size);
            list.push_back(piece);
        }
        slab = {at, size};
    }
    unpoison(base_ + slab.offset, size);
    slab_used_ += size;
    return slab;
}

void Arena::release(Slab& slab) noexcept {
    if (!slab) return;
    poison(base_ + slab.offset, slab.capacity);
    const std::uint32_t log2 = static_cast<std::uint32_t>(std::bit_width(slab.capacity - 1));
    free_[log2 - slab_smallest_log2].push_back(slab.offset);
    slab_used_ -= slab.capacity;
    slab = {};
}

}  // namespace parapet
