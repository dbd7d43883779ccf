#include "ring_file.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "shared_word.h"

namespace parapet {
namespace {

namespace header = ring::ring_header;

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint32_t slot_count_max = 262'144;

struct Sizes {
    std::uint32_t slot_count;
    std::uint64_t frames_offset;
    std::uint64_t frames_bytes;
    std::uint64_t file_bytes;
};

Sizes sizes_of(const RingOptions& options) noexcept {
    const auto wanted = std::clamp<std::uint64_t>(options.frame_bytes, ring::ring_bytes_min, ring::ring_bytes_max);
    Sizes sizes{};
    sizes.frames_bytes = std::bit_ceil(wanted);
    sizes.slot_count = std::min(options.slot_count, slot_count_max);
    const std::uint64_t slots = std::uint64_t{sizes.slot_count} * ring::slot_bytes;
    sizes.frames_offset = ring::ring_header_bytes + (slots + page_bytes - 1) / page_bytes * page_bytes;
    sizes.file_bytes = sizes.frames_offset + sizes.frames_bytes;
    return sizes;
}

/// Allocates and maps `fd`; nullptr with `error` set where it fails.
std::uint8_t* map(int fd, std::uint64_t bytes, int& error) noexcept {
    do {
        error = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
    } while (error == EINTR);
    if (error != 0) return nullptr;
    void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        error = errno;
        return nullptr;
    }
    return static_cast<std::uint8_t*>(base);
}

void write_header(std::uint8_t* base, const RingOptions& options, const Sizes& sizes) noexcept {
    store_relaxed<std::uint32_t>(base + header::version, ring::ring_version);
    store_relaxed<std::uint32_t>(base + header::header_bytes, ring::ring_header_bytes);
    store_relaxed<std::uint64_t>(base + header::schema_hash, ring::schema_hash);
    store_relaxed<std::uint64_t>(base + header::file_bytes, sizes.file_bytes);
    store_relaxed<std::uint32_t>(base + header::slots_offset, ring::ring_header_bytes);
    store_relaxed<std::uint32_t>(base + header::slot_bytes, ring::slot_bytes);
    store_relaxed<std::uint32_t>(base + header::slot_count, sizes.slot_count);
    store_relaxed<std::uint32_t>(base + header::frames_offset, static_cast<std::uint32_t>(sizes.frames_offset));
    store_relaxed<std::uint64_t>(base + header::frames_bytes, sizes.frames_bytes);
    store_relaxed<std::uint64_t>(base + header::ring_id, options.ring_id);
    store_relaxed<std::uint64_t>(base + header::boot_id, options.boot_id);
    store_relaxed<std::uint64_t>(base + header::created_at, options.now_ns);
    store_relaxed<std::uint32_t>(base + header::worker_index, options.worker_index);
    store_relaxed<std::uint32_t>(base + header::process_id, static_cast<std::uint32_t>(::getpid()));
    store_release<std::uint64_t>(base + header::magic, ring::magic);
}

std::string hex16(std::uint64_t value) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(value));
    return digits;
}

/// The name that a ring has until it is complete: one that a killed process left is told by its boot id.
std::string temporary_path(const RingOptions& options) {
    return options.path + "." + hex16(options.boot_id) + std::string(ring::ring_temporary_suffix);
}

/// Another ring may have the name, of a process whose numbers were lost: it holds records, and is never replaced.
std::string second_path(const RingOptions& options) {
    const std::string_view suffix = ring::ring_file_suffix;
    std::string stem = options.path;
    if (stem.ends_with(suffix)) stem.resize(stem.size() - suffix.size());
    return stem + "-" + hex16(options.boot_id) + std::string(suffix);
}

/// Gives the file its name, so that whoever looks at the folder sees whole rings only. Returns errno.
int settle(const std::string& from, const RingOptions& options, std::string& path) {
    for (const std::string& candidate : {options.path, second_path(options)}) {
        if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, candidate.c_str(), RENAME_NOREPLACE) == 0) {
            path = candidate;
            return 0;
        }
        if (errno != EEXIST) return errno;
    }
    return EEXIST;
}

RingFile make_on_disk(const RingOptions& options, const Sizes& sizes) {
    RingFile file;
    const std::string temporary = temporary_path(options);
    ::unlink(temporary.c_str());
    const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        file.error = errno;
        return file;
    }
    std::uint8_t* base = map(fd, sizes.file_bytes, file.error);
    ::close(fd);
    if (base != nullptr) {
        write_header(base, options, sizes);
        file.error = settle(temporary, options, file.path);
        if (file.error == 0) file.base = base;
        else ring_file_unmap(base, sizes.file_bytes);
    }
    if (file.base == nullptr) ::unlink(temporary.c_str());
    file.bytes = sizes.file_bytes;
    return file;
}

RingFile make_in_memory(const RingOptions& options, const Sizes& sizes) {
    RingFile file;
    const int fd = ::memfd_create("parapet-ring", MFD_CLOEXEC);
    if (fd < 0) {
        file.error = errno;
        return file;
    }
    file.base = map(fd, sizes.file_bytes, file.error);
    if (file.base == nullptr) {
        ::close(fd);
        return file;
    }
    write_header(file.base, options, sizes);
    file.bytes = sizes.file_bytes;
    file.memory_fd = fd;
    file.path = "/proc/self/fd/" + std::to_string(fd);
    return file;
}

}  // namespace

RingFile ring_file_make(const RingOptions& options) noexcept {
    const Sizes sizes = sizes_of(options);
    RingFile file;
    if (!options.path.empty()) file = make_on_disk(options, sizes);
    if (file.base == nullptr) {
        const int error = file.error;
        file = make_in_memory(options, sizes);
        if (error != 0) file.error = error;
    }
    return file;
}

void ring_file_unmap(std::uint8_t* base, std::uint64_t bytes) noexcept { ::munmap(base, bytes); }

int ring_wake_fd() noexcept {
    static const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd;
}

}  // namespace parapet
