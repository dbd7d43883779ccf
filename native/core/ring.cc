#include "ring.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <unistd.h>

#include "contract.gen.h"
#include "ring_file.h"
#include "shared_word.h"

namespace parapet {
namespace {

namespace header = ring::ring_header;
namespace word = ring::frame_word;

constexpr std::uint32_t free_state = ring::frame_state::free;
constexpr std::uint32_t prepared_state = ring::frame_state::prepared;
constexpr std::uint32_t committed_state = ring::frame_state::committed;
constexpr std::uint32_t padding_state = ring::frame_state::padding;

/// The header of the next frame, which is set to free before a frame is published, has to fit as well.
constexpr std::uint64_t behind_bytes = 8;

// The worst a loss and a record can take with the padding at the end of the area.
static_assert(ring::ring_bytes_min >= 2 * (ring::frame_bytes_max + 1024) + 8);

std::uint16_t put_slot_string(std::uint8_t*& at, std::string_view text, std::int32_t bound) noexcept {
    const std::size_t kept = std::min(text.size(), static_cast<std::size_t>(bound));
    if (kept != 0) std::memcpy(at, text.data(), kept);
    at += kept;
    return static_cast<std::uint16_t>(kept);
}

}  // namespace

RingWriter::~RingWriter() { close(); }

RingOpened RingWriter::open(const RingOptions& options) noexcept {
    RingFile file = ring_file_make(options);
    if (file.base == nullptr) return {RingKind::none, file.error};
    base_ = file.base;
    file_bytes_ = file.bytes;
    memory_fd_ = file.memory_fd;
    path_ = std::move(file.path);
    kind_ = memory_fd_ >= 0 ? RingKind::memory : RingKind::file;
    slots_ = base_ + load_relaxed<std::uint32_t>(base_ + header::slots_offset);
    frames_ = base_ + load_relaxed<std::uint32_t>(base_ + header::frames_offset);
    slot_count_ = load_relaxed<std::uint32_t>(base_ + header::slot_count);
    mask_ = load_relaxed<std::uint64_t>(base_ + header::frames_bytes) - 1;
    worker_index_ = static_cast<std::uint16_t>(options.worker_index);
    wake_fd_ = options.wake_fd;
    counters_.bytes_max = mask_ + 1;
    return {kind_, file.error};
}

void RingWriter::close() noexcept {
    if (base_ == nullptr) return;
    store_release<std::uint32_t>(base_ + header::writer_ended, 1);
    ring_file_unmap(base_, file_bytes_);
    base_ = nullptr;
    if (memory_fd_ >= 0) ::close(memory_fd_);
    memory_fd_ = -1;
    kind_ = RingKind::none;
}

void RingWriter::slot_begin(std::uint32_t slot, const SlotInput& input) noexcept {
    namespace at = ring::slot_word;
    if (slot >= slot_count_ || base_ == nullptr) {
        ++counters_.untracked;
        return;
    }
    std::uint8_t* entry = slots_ + std::size_t{slot} * ring::slot_bytes;
    // Recovery must not see old and new words mixed: what follows stays behind the store.
    if (load_relaxed<std::uint32_t>(entry + at::live) != 0) {
        std::atomic_ref<std::uint32_t>(*reinterpret_cast<std::uint32_t*>(entry + at::live)).exchange(0, std::memory_order_acq_rel);
    }
    std::memcpy(entry + at::client_port, &input.client_port, sizeof input.client_port);
    entry[at::scheme] = input.scheme;
    entry[at::http_version] = input.http_version;
    std::memcpy(entry + at::ray, &input.ray, sizeof input.ray);
    std::memcpy(entry + at::start_ns, &input.start_ns, sizeof input.start_ns);
    if (input.client_address != nullptr) std::memcpy(entry + at::client_address, input.client_address, 16);
    else std::memset(entry + at::client_address, 0, 16);
    std::uint8_t* text = entry + at::strings;
    namespace bound = ring::slot_string_max;
    const std::uint16_t lengths[4] = {
        put_slot_string(text, input.method, bound::method), put_slot_string(text, input.host, bound::host),
        put_slot_string(text, input.zone, bound::zone), put_slot_string(text, input.path, bound::path)};
    static_assert(at::path_length == at::method_length + 6);
    std::memcpy(entry + at::method_length, lengths, sizeof lengths);
    store_release<std::uint32_t>(entry + at::live, 1);
}

void RingWriter::set_slot_live(std::uint32_t slot, std::uint32_t live) noexcept {
    if (slot >= slot_count_ || base_ == nullptr) return;
    store_release<std::uint32_t>(slots_ + std::size_t{slot} * ring::slot_bytes + ring::slot_word::live, live);
}

void RingWriter::slot_end(std::uint32_t slot) noexcept { set_slot_live(slot, 0); }

/// True if `bytes` fit behind the tail, whatever padding it takes.
bool RingWriter::has_space(std::uint32_t bytes) noexcept {
    const std::uint64_t to_end = mask_ + 1 - (tail_ & mask_);
    const std::uint64_t needed = bytes + behind_bytes + (bytes > to_end ? to_end : 0);
    if (tail_ + needed <= head_seen_ + mask_ + 1) return true;
    head_seen_ = load_acquire<std::uint64_t>(base_ + header::head);
    return tail_ + needed <= head_seen_ + mask_ + 1;
}

/// The place of a frame at the tail, with padding before it where it would wrap; nullptr: no space.
std::uint8_t* RingWriter::reserve(std::uint32_t bytes) noexcept {
    if (!has_space(bytes)) return nullptr;
    const std::uint64_t to_end = mask_ + 1 - (tail_ & mask_);
    if (bytes > to_end) {
        std::uint8_t* padding = frames_ + (tail_ & mask_);
        store_relaxed<std::uint32_t>(frames_ + word::state, free_state);
        store_relaxed<std::uint32_t>(padding + word::length, static_cast<std::uint32_t>(to_end));
        store_release<std::uint32_t>(padding + word::state, padding_state);
        tail_ += to_end;
        store_release<std::uint64_t>(base_ + header::tail, tail_);
    }
    return frames_ + (tail_ & mask_);
}

/// Stores the words that make a filled frame at the tail a prepared one.
void RingWriter::publish(std::uint8_t* frame, std::uint32_t bytes, std::uint64_t sequence) noexcept {
    store_relaxed<std::uint32_t>(frame + word::length, bytes);
    std::memcpy(frame + word::sequence, &sequence, sizeof sequence);
    store_relaxed<std::uint32_t>(frames_ + ((tail_ + bytes) & mask_) + word::state, free_state);
    store_release<std::uint32_t>(frame + word::state, prepared_state);
}

/// Hands a prepared frame to the reader.
void RingWriter::advance(std::uint8_t* frame, std::uint32_t bytes) noexcept {
    store_release<std::uint32_t>(frame + word::state, committed_state);
    tail_ += bytes;
    store_release<std::uint64_t>(base_ + header::tail, tail_);
}

/// Writes the frame of the loss that waits, if it and `bytes_after` more fit.
bool RingWriter::tell_loss(std::uint32_t bytes_after) noexcept {
    const std::uint32_t bytes = record_frame_bytes({});
    // Twice, because the end of the area may be skipped.
    if (!has_space(2 * (bytes + bytes_after))) return false;
    std::uint8_t* frame = reserve(bytes);
    if (frame == nullptr) return false;
    RecordLoss loss;
    loss.first_sequence = load_relaxed<std::uint64_t>(base_ + header::loss_first);
    loss.last_sequence = load_relaxed<std::uint64_t>(base_ + header::loss_last);
    loss.since_ns = load_relaxed<std::uint64_t>(base_ + header::loss_since);
    loss.until_ns = load_relaxed<std::uint64_t>(base_ + header::loss_until);
    loss.records = loss_count_;
    loss.worker_index = worker_index_;
    loss.reason = static_cast<std::uint16_t>(reason::log_ring_full);
    record_write_loss(frame, loss);
    publish(frame, bytes, loss.first_sequence);
    loss_count_ = 0;
    store_release<std::uint64_t>(base_ + header::loss_count, 0);
    advance(frame, bytes);
    return true;
}

bool RingWriter::prepare(const RecordInput& input) noexcept {
    prepared_ = nullptr;
    prepared_slot_ = input.slot;
    prepared_end_ns_ = input.fixed.end_ns;
    if (base_ == nullptr) return false;
    const std::uint32_t bytes = record_frame_bytes(input.strings);
    if (loss_count_ != 0 && !tell_loss(bytes)) return false;
    std::uint8_t* frame = reserve(bytes);
    if (frame == nullptr) return false;
    record_write(frame, input.fixed, input.strings);
    std::memcpy(frame + ring::frame_header_bytes + offsetof(RecordFixed, worker_index), &worker_index_, sizeof worker_index_);
    publish(frame, bytes, next_sequence_);
    set_slot_live(input.slot, 0);
    prepared_ = frame;
    prepared_bytes_ = bytes;
    return true;
}

void RingWriter::commit() noexcept {
    if (prepared_ == nullptr) {
        count_loss();
        return;
    }
    ++next_sequence_;
    store_relaxed<std::uint64_t>(base_ + header::next_sequence, next_sequence_);
    advance(prepared_, prepared_bytes_);
    prepared_ = nullptr;
    ++counters_.records;
    if (load_relaxed<std::uint32_t>(base_ + header::wake_armed) != 0) wake();
}

void RingWriter::rollback() noexcept {
    if (prepared_ == nullptr) return;  // the slot was left live
    set_slot_live(prepared_slot_, 1);
    store_release<std::uint32_t>(prepared_ + word::state, free_state);
    prepared_ = nullptr;
}

/// A record that had no space: its sequence number is taken, so that the gap can be explained.
void RingWriter::count_loss() noexcept {
    ++counters_.dropped;
    if (base_ == nullptr) return;
    constexpr std::int32_t drops =
        header::drops + 8 * (ring::dataset::http_requests * ring::drop_reasons_max + ring::drop_reason::ring_full);
    store_relaxed<std::uint64_t>(base_ + drops, counters_.dropped);
    if (loss_count_ == 0) {
        store_relaxed<std::uint64_t>(base_ + header::loss_first, next_sequence_);
        store_relaxed<std::uint64_t>(base_ + header::loss_since, prepared_end_ns_);
    }
    store_relaxed<std::uint64_t>(base_ + header::loss_last, next_sequence_);
    store_relaxed<std::uint64_t>(base_ + header::loss_until, prepared_end_ns_);
    ++loss_count_;
    store_release<std::uint64_t>(base_ + header::loss_count, loss_count_);
    ++next_sequence_;
    store_relaxed<std::uint64_t>(base_ + header::next_sequence, next_sequence_);
    set_slot_live(prepared_slot_, 0);
}

void RingWriter::tick() noexcept {
    if (base_ != nullptr && loss_count_ != 0 && prepared_ == nullptr && tell_loss(0)) {
        if (load_relaxed<std::uint32_t>(base_ + header::wake_armed) != 0) wake();
    }
}

void RingWriter::wake() noexcept {
    store_relaxed<std::uint32_t>(base_ + header::wake_armed, 0);
    const std::uint64_t one = 1;
    // A full counter (EAGAIN) means that the reader is being woken already.
    if (wake_fd_ >= 0) [[maybe_unused]] const ssize_t ignored = ::write(wake_fd_, &one, sizeof one);
}

RingCounters RingWriter::counters() const noexcept {
    RingCounters counters = counters_;
    if (base_ != nullptr) counters.bytes_used = tail_ - load_acquire<std::uint64_t>(base_ + header::head);
    return counters;
}

}  // namespace parapet
