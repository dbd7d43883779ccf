// A ring is an opaque handle in JavaScript, never a view of its mapping: nothing can touch the memory once it is unmapped,
// and no garbage collection has to agree with it.
#include "ring_binding.h"

#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <span>
#include <string>

#include "call.h"
#include "core/crc32c.h"
#include "core/frames.h"
#include "core/ndjson.h"
#include "core/ring.h"
#include "core/ring_reader.h"
#include "values.h"

namespace parapet::binding {
namespace {

constexpr napi_type_tag ring_tag = {0x3d1f6a0c2b7e4f58u, 0x9c5a1e77d4b3f206u};

/// The open ring of a handle, else nullptr.
RingReader* ring_of(napi_env env, napi_value value) {
    bool is_ring = false;
    void* data = nullptr;
    if (value == nullptr || napi_check_object_type_tag(env, value, &ring_tag, &is_ring) != napi_ok || !is_ring) return nullptr;
    if (napi_get_value_external(env, value, &data) != napi_ok) return nullptr;
    auto* ring = static_cast<RingReader*>(data);
    return ring->is_open() ? ring : nullptr;
}

/// The words of a Float64Array of at least `words`, else nullptr.
double* numbers_of(napi_env env, napi_value value, std::int32_t words) {
    napi_typedarray_type type{};
    std::size_t length = 0;
    void* data = nullptr;
    if (value == nullptr || napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return nullptr;
    return type == napi_float64_array && length >= static_cast<std::size_t>(words) ? static_cast<double*>(data) : nullptr;
}

const char* found_text(RingFound found) {
    switch (found) {
        case RingFound::ring: return "ring";
        case RingFound::blank: return "blank";
        case RingFound::unknown: return "unknown";
        default: return "damaged";
    }
}

bool describe(napi_env env, napi_value object, const RingReader& ring) {
    namespace header = ring::ring_header;
    std::uint8_t boot[17] = {};
    text::put_hex16(boot, ring.header_u64(header::boot_id));
    return set_text(env, object, "bootIdHex", reinterpret_cast<const char*>(boot)) &&
           set_number(env, object, "ringId", static_cast<double>(ring.header_u64(header::ring_id))) &&
           set_number(env, object, "workerIndex", ring.header_u32(header::worker_index)) &&
           set_number(env, object, "bytesMax", static_cast<double>(ring.bytes_max())) &&
           set_number(env, object, "slotCount", ring.slot_count());
}

/// ringOpen(path): { found, ring?, bootIdHex?, ringId?, workerIndex?, bytesMax?, slotCount? }
napi_value ring_open(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::string path;
    if (!text_of(env, arguments[0], path)) return throw_type(env, "ringOpen(path: string)");

    std::unique_ptr<RingReader> ring(new (std::nothrow) RingReader);
    if (ring == nullptr) return throw_errno(env, "ring", ENOMEM);
    int error = 0;
    const RingFound found = ring->open(path.c_str(), error);
    if (found == RingFound::error) return throw_errno(env, "ring " + path, error);

    napi_value result = nullptr;
    if (napi_create_object(env, &result) != napi_ok || !set_text(env, result, "found", found_text(found))) return nullptr;
    if (found != RingFound::ring) return result;
    napi_value handle = nullptr;
    const auto finalize = [](napi_env, void* data, void*) { delete static_cast<RingReader*>(data); };
    if (!describe(env, result, *ring) || napi_create_external(env, ring.get(), finalize, nullptr, &handle) != napi_ok) return nullptr;
    ring.release();
    if (napi_type_tag_object(env, handle, &ring_tag) != napi_ok) return nullptr;
    if (napi_set_named_property(env, result, "ring", handle) != napi_ok) return nullptr;
    return result;
}

/// ringClose(ring): unmaps it; the handle is then refused everywhere else.
napi_value ring_close(napi_env env, napi_callback_info info) {
    if (RingReader* ring = ring_of(env, Arguments(env, info)[0])) ring->close();
    return nullptr;
}

/// ringState(ring, words: Float64Array): fills `ringStateWord`.
napi_value ring_state(napi_env env, napi_callback_info info) {
    namespace header = ring::ring_header;
    namespace word = ring::ring_state_word;
    const Arguments arguments(env, info);
    RingReader* ring = ring_of(env, arguments[0]);
    double* words = numbers_of(env, arguments[1], ring::ring_state_words);
    if (ring == nullptr || words == nullptr) return throw_type(env, "ringState(ring, words: Float64Array)");
    // The head first: read after it, the tail is never behind it.
    words[word::head] = static_cast<double>(ring->head());
    words[word::tail] = static_cast<double>(ring->tail());
    words[word::next_sequence] = static_cast<double>(ring->header_u64(header::next_sequence));
    double dropped = 0;
    for (std::int32_t index = 0; index < ring::datasets_max * ring::drop_reasons_max; ++index) {
        dropped += static_cast<double>(ring->header_u64(header::drops + 8 * index));
    }
    words[word::dropped] = dropped;
    words[word::writer_ended] = ring->header_u32(header::writer_ended);
    words[word::loss_count] = static_cast<double>(ring->header_u64(header::loss_count));
    return nullptr;
}

/// ringAdvance(ring, position): the frames before `position` are done with.
napi_value ring_advance(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    RingReader* ring = ring_of(env, arguments[0]);
    double position = 0;
    if (ring == nullptr || napi_get_value_double(env, arguments[1], &position) != napi_ok || !(position >= 0)) {
        return throw_type(env, "ringAdvance(ring, position: number)");
    }
    ring->advance(static_cast<std::uint64_t>(position));
    return nullptr;
}

/// ringSeal(ring): only once the writer is gone.
template <void (RingReader::*Action)() noexcept>
napi_value ring_act(napi_env env, napi_callback_info info) {
    RingReader* ring = ring_of(env, Arguments(env, info)[0]);
    if (ring == nullptr) return throw_type(env, "a ring that is open was expected");
    (ring->*Action)();
    return nullptr;
}

napi_value throw_encoded(napi_env env, Encoded encoded) {
    if (encoded == Encoded::output_too_small) napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "the output cannot hold one line");
    return nullptr;
}

/// What the encode functions have in common: (…, program: Uint8Array | null, out: Uint8Array, state: Float64Array).
struct EncodeArguments {
    LineProgram program;
    bool has_program = false;
    std::span<std::uint8_t> out;
    double* state = nullptr;
    bool is_valid = false;

    EncodeArguments(napi_env env, const napi_value* values) {
        std::span<std::uint8_t> bytes;
        has_program = !is(env, values[0], napi_null);
        if (has_program && (!bytes_of(env, values[0], bytes) || !program.open(bytes))) return;
        state = numbers_of(env, values[2], encode::encode_state_words);
        is_valid = bytes_of(env, values[1], out) && state != nullptr && state[encode::encode_state::position] >= 0 &&
                   state[encode::encode_state::offset] >= 0;
    }
};

/// framesEncode(frames: Uint8Array, program: Uint8Array | null, out: Uint8Array, state: Float64Array)
napi_value frames_encode(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::span<std::uint8_t> frames;
    EncodeArguments encode(env, arguments.values + 1);
    if (!bytes_of(env, arguments[0], frames) || !encode.is_valid) {
        return throw_type(env, "frames, a program or null, an output and a state were expected");
    }
    return throw_encoded(env, encode_span(frames, encode.has_program ? &encode.program : nullptr, encode.out, encode.state));
}

using Take = void (*)(const RingReader&, std::span<std::uint8_t>, double*) noexcept;

/// ringTake, ringTakeLeftovers(ring, out: Uint8Array, state: Float64Array)
template <Take Action>
napi_value ring_take(napi_env env, napi_callback_info info) {
    namespace at = ring::take_state;
    const Arguments arguments(env, info);
    const RingReader* ring = ring_of(env, arguments[0]);
    std::span<std::uint8_t> out;
    double* state = numbers_of(env, arguments[2], ring::take_state_words);
    if (ring == nullptr || state == nullptr || !bytes_of(env, arguments[1], out) || !(state[at::position] >= 0) ||
        !(state[at::offset] >= 0)) {
        return throw_type(env, "an open ring, an output and a state were expected");
    }
    Action(*ring, out, state);
    return nullptr;
}

/// ringFreeLeftoversBefore(ring, index, nextSequence): the leftovers before `index` are done with.
napi_value ring_free_leftovers_before(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    RingReader* ring = ring_of(env, arguments[0]);
    double index = 0;
    double sequence = 0;
    if (ring == nullptr || napi_get_value_double(env, arguments[1], &index) != napi_ok || !(index >= 0) ||
        napi_get_value_double(env, arguments[2], &sequence) != napi_ok || !(sequence >= 0)) {
        return throw_type(env, "ringFreeLeftoversBefore(ring, index: number, nextSequence: number)");
    }
    ring->free_leftovers_before(static_cast<std::uint32_t>(index), static_cast<std::uint64_t>(sequence));
    return nullptr;
}

/// crc32c(bytes: Uint8Array, from: number, to: number): number
napi_value checksum(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::span<std::uint8_t> bytes;
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    if (!bytes_of(env, arguments[0], bytes) || napi_get_value_uint32(env, arguments[1], &from) != napi_ok ||
        napi_get_value_uint32(env, arguments[2], &to) != napi_ok || from > to || to > bytes.size()) {
        return throw_type(env, "crc32c(bytes: Uint8Array, from: number, to: number)");
    }
    napi_value result = nullptr;
    return napi_create_uint32(env, crc32c(bytes.subspan(from, to - from)), &result) == napi_ok ? result : nullptr;
}

/// ringEncodeLoss(loss: Float64Array, program: Uint8Array, out: Uint8Array, state: Float64Array)
napi_value ring_encode_loss(napi_env env, napi_callback_info info) {
    namespace word = ring::loss_word;
    constexpr double ns_per_ms = 1e6;
    const Arguments arguments(env, info);
    const double* words = numbers_of(env, arguments[0], ring::loss_words);
    EncodeArguments encode(env, arguments.values + 1);
    if (words == nullptr || !encode.is_valid || !encode.has_program) return throw_type(env, "a loss, a program, an output and a state were expected");
    RecordLoss loss;
    loss.first_sequence = static_cast<std::uint64_t>(words[word::first_sequence]);
    loss.last_sequence = static_cast<std::uint64_t>(words[word::last_sequence]);
    loss.records = static_cast<std::uint64_t>(words[word::records]);
    loss.since_ns = static_cast<std::uint64_t>(words[word::since_ms] * ns_per_ms);
    loss.until_ns = static_cast<std::uint64_t>(words[word::until_ms] * ns_per_ms);
    loss.worker_index = static_cast<std::uint16_t>(words[word::worker_index]);
    loss.reason = static_cast<std::uint16_t>(words[word::reason]);
    return throw_encoded(env, encode_loss(loss, encode.program, encode.out, encode.state));
}

/// ringArm(ring, armed): asks the writer to signal the wake descriptor at its next record.
napi_value ring_arm(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    RingReader* ring = ring_of(env, arguments[0]);
    bool is_armed = false;
    if (ring == nullptr || napi_get_value_bool(env, arguments[1], &is_armed) != napi_ok) {
        return throw_type(env, "ringArm(ring, armed: boolean)");
    }
    ring->arm(is_armed);
    return nullptr;
}

napi_value wake_fd(napi_env env, napi_callback_info) {
    napi_value result = nullptr;
    return napi_create_int32(env, ring_wake_fd(), &result) == napi_ok ? result : nullptr;
}

}  // namespace

napi_status register_ring(napi_env env, napi_value exports) {
    return define(env, exports, {
        {"ringOpen", ring_open},
        {"ringClose", ring_close},
        {"ringState", ring_state},
        {"ringAdvance", ring_advance},
        {"ringSeal", ring_act<&RingReader::seal>},
        {"ringEncodeLoss", ring_encode_loss},
        {"ringTake", ring_take<take_frames>},
        {"ringTakeLeftovers", ring_take<take_leftovers>},
        {"ringFreeLeftoversBefore", ring_free_leftovers_before},
        {"framesEncode", frames_encode},
        {"crc32c", checksum},
        {"ringArm", ring_arm},
        {"ringWakeFd", wake_fd},
    });
}

}  // namespace parapet::binding
