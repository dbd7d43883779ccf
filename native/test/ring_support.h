// What the tests of the log ring share: a folder of their own, records to write, and the frames that are in a ring.
#pragma once
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "../core/record.h"
#include "../core/ring.h"
#include "../core/ring_reader.h"

namespace parapet::test {

/// A folder that goes with its files when the test ends.
class Folder {
public:
    Folder() {
        char name[] = "/tmp/parapet-ring-XXXXXX";
        if (mkdtemp(name) != nullptr) path_ = name;
    }
    ~Folder() {
        for (const std::string& file : files_) ::unlink(file.c_str());
        for (const std::string& folder : folders_) ::rmdir(folder.c_str());
        ::rmdir(path_.c_str());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string folder(const char* name) {
        folders_.push_back(path_ + "/" + name);
        ::mkdir(folders_.back().c_str(), 0700);
        return folders_.back();
    }
    std::string file(const char* name) {
        files_.push_back(path_ + "/" + name);
        return files_.back();
    }

private:
    std::string path_;
    std::vector<std::string> files_;
    std::vector<std::string> folders_;
};

inline RingOptions ring_options(const std::string& path, std::uint32_t slots = 16) {
    RingOptions options;
    options.path = path;
    options.frame_bytes = ring::ring_bytes_min;
    options.slot_count = slots;
    options.worker_index = 3;
    options.ring_id = 7;
    options.boot_id = 0x1122334455667788u;
    return options;
}

inline RecordInput record(std::uint64_t ray, std::uint32_t slot = no_log_slot) {
    RecordInput input;
    input.slot = slot;
    input.fixed.ray = ray;
    input.fixed.start_ns = 1'700'000'000'000'000'000u + ray;
    input.fixed.end_ns = input.fixed.start_ns + 1000;
    input.fixed.edge_status = 200;
    input.strings.method = "GET";
    input.strings.host = "example.com";
    input.strings.path = "/index.html";
    input.strings.edge_host = input.strings.host;
    return input;
}

inline SlotInput head(std::uint64_t ray, std::string_view path = "/slow?x=1") {
    SlotInput input;
    input.ray = ray;
    input.start_ns = ray * 10;
    input.method = "GET";
    input.host = "example.com";
    input.zone = "site";
    input.path = path;
    return input;
}

template <typename T>
T read_at(const std::uint8_t* frame, std::size_t offset) {
    T value;
    std::memcpy(&value, frame + offset, sizeof value);
    return value;
}

template <typename T>
T fixed_of(const std::uint8_t* frame, std::size_t offset) {
    return read_at<T>(frame, ring::frame_header_bytes + offset);
}

inline std::uint64_t ray_of(const std::uint8_t* frame) { return fixed_of<std::uint64_t>(frame, offsetof(RecordFixed, ray)); }
inline std::uint64_t sequence_of(const std::uint8_t* frame) { return read_at<std::uint64_t>(frame, ring::frame_word::sequence); }
inline bool is_loss(const std::uint8_t* frame) {
    return (read_at<std::uint16_t>(frame, ring::frame_word::flags) & ring::frame_flag::loss) != 0;
}

inline std::string string_of(const std::uint8_t* frame, std::uint32_t index) {
    const std::size_t entry = ring::frame_header_bytes + sizeof(RecordFixed) + index * 4;
    const auto offset = read_at<std::uint16_t>(frame, entry);
    const auto length = read_at<std::uint16_t>(frame, entry + 2);
    return {reinterpret_cast<const char*>(frame + offset), length};
}

/// Reads every frame from `position` on, gives it to `visit`, and moves `position`. False: something made no sense.
template <typename Visit>
bool read_frames(const RingReader& reader, std::uint64_t& position, Visit visit) {
    const std::uint64_t limit = reader.tail();
    for (;;) {
        const std::uint8_t* frame = nullptr;
        const RingStep step = reader.next(position, limit, frame);
        if (step == RingStep::end) return true;
        if (step == RingStep::damaged) return false;
        visit(frame);
    }
}

}  // namespace parapet::test
