#include "ring_reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "contract.gen.h"
#include "shared_word.h"

namespace parapet {
namespace {

namespace header = ring::ring_header;
namespace word = ring::frame_word;

constexpr std::uint32_t prepared_state = ring::frame_state::prepared;
constexpr std::uint32_t committed_state = ring::frame_state::committed;
constexpr std::uint32_t padding_state = ring::frame_state::padding;

template <typename T>
T load(const std::uint8_t* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

bool is_loss(const std::uint8_t* frame) noexcept {
    return (load<std::uint16_t>(frame + word::flags) & ring::frame_flag::loss) != 0;
}

}  // namespace

RingFound RingReader::open(const char* path, int& error) noexcept {
    close();
    error = 0;
    const int fd = ::open(path, O_RDWR | O_CLOEXEC);
    struct stat about {};
    if (fd < 0 || ::fstat(fd, &about) != 0) {
        error = errno;
        if (fd >= 0) ::close(fd);
        return RingFound::error;
    }
    const auto bytes = static_cast<std::uint64_t>(about.st_size);
    if (bytes < ring::ring_header_bytes) {
        ::close(fd);
        return RingFound::blank;
    }
    void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) error = errno;
    ::close(fd);
    if (base == MAP_FAILED) return RingFound::error;
    base_ = static_cast<std::uint8_t*>(base);
    file_bytes_ = bytes;

    RingFound found = RingFound::ring;
    const auto magic = load_acquire<std::uint64_t>(base_ + header::magic);
    if (magic == 0) found = RingFound::blank;
    else if (magic != ring::magic || header_u32(header::version) != ring::ring_version ||
             header_u64(header::schema_hash) != ring::schema_hash)
        found = RingFound::unknown;
    else if (!is_consistent(bytes)) found = RingFound::damaged;
    if (found != RingFound::ring) close();
    return found;
}

/// Checks every size before anything is read by it, and keeps them: the file is not asked again.
bool RingReader::is_consistent(std::uint64_t file_bytes) noexcept {
    const std::uint64_t frames_bytes = header_u64(header::frames_bytes);
    const std::uint64_t frames_offset = header_u32(header::frames_offset);
    const std::uint64_t slots = header_u32(header::slot_count);
    if (header_u64(header::file_bytes) != file_bytes || !std::has_single_bit(frames_bytes)) return false;
    if (frames_bytes < ring::ring_bytes_min || frames_bytes > ring::ring_bytes_max) return false;
    if (header_u32(header::slots_offset) != ring::ring_header_bytes || header_u32(header::slot_bytes) != ring::slot_bytes) return false;
    if (frames_offset % 8 != 0 || frames_offset + frames_bytes != file_bytes) return false;
    if (ring::ring_header_bytes + slots * ring::slot_bytes > frames_offset) return false;
    slots_ = base_ + ring::ring_header_bytes;
    frames_ = base_ + frames_offset;
    slot_count_ = static_cast<std::uint32_t>(slots);
    mask_ = frames_bytes - 1;
    const std::uint64_t from = head();
    const std::uint64_t to = tail();
    return from <= to && to - from <= frames_bytes && from % 8 == 0 && to % 8 == 0;
}

void RingReader::close() noexcept {
    if (base_ != nullptr) ::munmap(base_, file_bytes_);
    base_ = nullptr;
}

std::uint64_t RingReader::head() const noexcept { return load_acquire<std::uint64_t>(base_ + header::head); }
std::uint64_t RingReader::tail() const noexcept { return load_acquire<std::uint64_t>(base_ + header::tail); }
std::uint64_t RingReader::header_u64(std::int32_t offset) const noexcept { return load_relaxed<std::uint64_t>(base_ + offset); }
std::uint32_t RingReader::header_u32(std::int32_t offset) const noexcept { return load_relaxed<std::uint32_t>(base_ + offset); }

RingStep RingReader::next(std::uint64_t& position, std::uint64_t limit, const std::uint8_t*& frame) const noexcept {
    while (position < limit) {
        const std::uint64_t to_end = mask_ + 1 - (position & mask_);
        const std::uint8_t* at = frames_ + (position & mask_);
        const auto length = load_relaxed<std::uint32_t>(at + word::length);
        const auto state = load_acquire<std::uint32_t>(at + word::state);
        if (length < 8 || length % ring::frame_alignment != 0 || length > to_end || length > limit - position) return RingStep::damaged;
        if (state == padding_state && length == to_end) {
            position += length;
            continue;
        }
        if (state != committed_state || !record_is_whole(at, length)) return RingStep::damaged;
        position += length;
        frame = at;
        return RingStep::frame;
    }
    return RingStep::end;
}

void RingReader::advance(std::uint64_t position) noexcept {
    const std::uint64_t at = head();
    if (position > at && position <= tail()) store_release<std::uint64_t>(base_ + header::head, position);
}

void RingReader::arm(bool is_armed) noexcept {
    store_release<std::uint32_t>(base_ + header::wake_armed, is_armed ? 1 : 0);
}

void RingReader::free_slots_of(std::uint64_t ray) noexcept {
    for (std::uint32_t index = 0; index < slot_count_; ++index) {
        std::uint8_t* entry = slots_ + std::size_t{index} * ring::slot_bytes;
        if (load<std::uint32_t>(entry) != 0 && load<std::uint64_t>(entry + ring::slot_word::ray) == ray) {
            store_release<std::uint32_t>(entry + ring::slot_word::live, 0);
        }
    }
}

void RingReader::seal() noexcept {
    std::uint64_t position = tail();
    const std::uint64_t capacity = mask_ + 1;
    // At most padding and the one frame that can be prepared (invariant 2 of the layout).
    for (int step = 0; step < 2; ++step) {
        const std::uint64_t to_end = capacity - (position & mask_);
        std::uint8_t* at = const_cast<std::uint8_t*>(frames_) + (position & mask_);
        const auto length = load<std::uint32_t>(at + word::length);
        const auto state = load<std::uint32_t>(at + word::state);
        if (length < 8 || length % ring::frame_alignment != 0 || length > to_end || position + length > head() + capacity) return;
        const bool is_padding = state == padding_state && length == to_end;
        const bool is_record = (state == prepared_state || state == committed_state) && record_is_whole(at, length);
        if (!is_padding && !is_record) return;
        if (is_record) {
            const auto sequence = load<std::uint64_t>(at + word::sequence);
            if (is_loss(at)) {
                // Its count may not have been cleared yet.
                if (sequence == header_u64(header::loss_first)) store_relaxed<std::uint64_t>(base_ + header::loss_count, 0);
            } else {
                free_slots_of(load<std::uint64_t>(at + ring::frame_header_bytes + offsetof(RecordFixed, ray)));
                if (sequence >= header_u64(header::next_sequence)) {
                    store_relaxed<std::uint64_t>(base_ + header::next_sequence, sequence + 1);
                }
            }
            store_release<std::uint32_t>(at + word::state, committed_state);
        }
        position += length;
        store_release<std::uint64_t>(base_ + header::tail, position);
        if (is_record) return;
    }
}

bool RingReader::loss_leftover(std::uint8_t* frame) const noexcept {
    if (header_u64(header::loss_count) == 0) return false;
    RecordLoss loss;
    loss.first_sequence = header_u64(header::loss_first);
    loss.last_sequence = header_u64(header::loss_last);
    loss.since_ns = header_u64(header::loss_since);
    loss.until_ns = header_u64(header::loss_until);
    loss.records = header_u64(header::loss_count);
    loss.worker_index = static_cast<std::uint16_t>(header_u32(header::worker_index));
    loss.reason = static_cast<std::uint16_t>(reason::log_ring_full);
    const std::uint32_t bytes = record_write_loss(frame, loss);
    std::memcpy(frame + word::length, &bytes, sizeof bytes);
    return true;
}

bool RingReader::leftover(std::uint32_t index, std::uint64_t sequence, std::uint8_t* frame) const noexcept {
    namespace at = ring::slot_word;
    if (index == slot_count_) return loss_leftover(frame);
    if (index > slot_count_) return false;
    const std::uint8_t* entry = slot(index);
    if (load<std::uint32_t>(entry + at::live) != 1) return false;

    RecordFixed fixed;
    fixed.start_ns = load<std::uint64_t>(entry + at::start_ns);
    fixed.end_ns = fixed.start_ns;  // the last moment that is known of it
    fixed.ray = load<std::uint64_t>(entry + at::ray);
    std::memcpy(fixed.client_address, entry + at::client_address, sizeof fixed.client_address);
    fixed.client_port = load<std::uint16_t>(entry + at::client_port);
    fixed.worker_index = static_cast<std::uint16_t>(header_u32(header::worker_index));
    fixed.outcome = static_cast<std::uint8_t>(outcome::interrupted);
    fixed.scheme = entry[at::scheme];
    fixed.http_version = entry[at::http_version];
    fixed.source = record_source::eyeball;

    RecordStrings strings;
    const auto* text = reinterpret_cast<const char*>(entry + at::strings);
    std::size_t used = 0;
    const auto take = [&](std::int32_t length_at) {
        const std::size_t length = load<std::uint16_t>(entry + length_at);
        if (used + length > ring::slot_bytes - at::strings) return std::string_view();
        const std::string_view taken(text + used, length);
        used += length;
        return taken;
    };
    strings.method = take(at::method_length);
    strings.host = take(at::host_length);
    strings.zone = take(at::zone_length);
    const std::string_view target = take(at::path_length);
    const std::size_t mark = target.find('?');
    strings.path = target.substr(0, mark);
    if (mark != std::string_view::npos) {
        strings.query = target.substr(mark + 1);
        fixed.flags |= record_flag::has_query;
    }
    if (target.size() == ring::slot_string_max::path) fixed.flags |= record_flag::truncated;

    const std::uint32_t bytes = record_write(frame, fixed, strings);
    std::memcpy(frame + word::length, &bytes, sizeof bytes);
    std::memcpy(frame + word::sequence, &sequence, sizeof sequence);
    return true;
}

std::uint32_t RingReader::live_slots() const noexcept {
    std::uint32_t live = 0;
    for (std::uint32_t index = 0; index < slot_count_; ++index) {
        live += load_relaxed<std::uint32_t>(slot(index) + ring::slot_word::live) == 1 ? 1u : 0u;
    }
    return live;
}

void RingReader::free_leftovers_before(std::uint32_t index, std::uint64_t next_sequence) noexcept {
    if (next_sequence > header_u64(header::next_sequence)) {
        store_release<std::uint64_t>(base_ + header::next_sequence, next_sequence);
    }
    for (std::uint32_t at = 0; at < std::min(index, slot_count_); ++at) {
        store_release<std::uint32_t>(slots_ + std::size_t{at} * ring::slot_bytes + ring::slot_word::live, 0);
    }
    if (index > slot_count_) store_release<std::uint64_t>(base_ + header::loss_count, 0);
}

}  // namespace parapet
