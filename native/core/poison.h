// Freed memory is filled with 0xDB in checked builds and poisoned for AddressSanitizer, so that a late read is caught.
#pragma once
#include <cstddef>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define PARAPET_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define PARAPET_CHECKED 1
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

namespace parapet {

inline constexpr int freed_byte = 0xDB;

inline void poison(void* at, std::size_t bytes) noexcept {
#if defined(PARAPET_CHECKED)
    std::memset(at, freed_byte, bytes);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __asan_poison_memory_region(at, bytes);
#endif
    (void)at;
    (void)bytes;
}

inline void unpoison(void* at, std::size_t bytes) noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(at, bytes);
#endif
    (void)at;
    (void)bytes;
}

}  // namespace parapet
