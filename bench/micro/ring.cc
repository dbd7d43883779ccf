// Cost of the log writer on the request path: slot_begin, prepare and commit of an ordinary record, a reader that follows in the
// same thread now and then. Build and run: g++ -std=c++20 -O2 -fno-rtti -Inative bench/micro/ring.cc native/core/{record,ring,ring_file,ring_reader}.cc -o build/bench-ring && build/bench-ring
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "core/ring.h"
#include "core/ring_reader.h"

using namespace parapet;

namespace {

double now_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

RecordInput ordinary() {
    RecordInput input;
    input.fixed.start_ns = 1'700'000'000'000'000'000u;
    input.fixed.edge_status = 200;
    input.strings.method = "GET";
    input.strings.host = "www.example.com";
    input.strings.edge_host = input.strings.host;
    input.strings.path = "/assets/images/products/1234567/front.webp";
    input.strings.query = "width=640&quality=80";
    input.strings.user_agent =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    input.strings.content_type = "image/webp";
    input.strings.zone = "site";
    input.slot = 5;
    return input;
}

}  // namespace

int main(int argc, char** argv) {
    RingOptions options;
    options.path = argc > 1 ? argv[1] : "/tmp/parapet-bench.ring";
    options.frame_bytes = 16u << 20;
    RingWriter writer;
    if (writer.open(options).kind != RingKind::file) return 1;
    RingReader reader;
    int error = 0;
    if (reader.open(options.path.c_str(), error) != RingFound::ring) return 1;

    const RecordInput input = ordinary();
    SlotInput slot;
    slot.method = input.strings.method;
    slot.host = input.strings.host;
    slot.path = input.strings.path;
    slot.zone = input.strings.zone;
    slot.client_address = input.fixed.client_address;

    constexpr int batch = 10'000;
    constexpr int rounds = 200;
    double slots_best = 1e18;
    double best = 1e18;
    double sum = 0;
    double first = 0;
    std::uint64_t read = 0;
    for (int round = 0; round < rounds; ++round) {
        const double begin = now_ns();
        for (int index = 0; index < batch; ++index) {
            slot.ray = static_cast<std::uint64_t>(index);
            writer.slot_begin(static_cast<std::uint32_t>(index) % 4096, slot);
        }
        const double middle = now_ns();
        for (int index = 0; index < batch; ++index) {
            if (!writer.prepare(input)) return 2;
            writer.commit();
        }
        const double end = now_ns();
        slots_best = std::min(slots_best, (middle - begin) / batch);
        best = std::min(best, (end - middle) / batch);
        if (round == 0) first = (end - middle) / batch;
        else sum += (end - middle) / batch;
        std::uint64_t position = reader.head();
        const std::uint64_t limit = reader.tail();
        const std::uint8_t* frame = nullptr;
        while (reader.next(position, limit, frame) == RingStep::frame) ++read;
        reader.advance(position);
    }
    ::unlink(options.path.c_str());
    // A figure counts only if every record came out again.
    if (read != std::uint64_t{batch} * rounds) return 3;
    std::printf("record of %u bytes; slot_begin %.1f ns (best); prepare + commit %.1f ns (best), %.1f ns (mean), %.1f ns (first lap)\n",
                record_frame_bytes(input.strings), slots_best, best, sum / (rounds - 1), first);
    return 0;
}
