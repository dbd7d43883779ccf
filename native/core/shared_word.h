// Words of memory that another thread, or a later process, reads: loads and stores with an order, on plain addresses.
#pragma once
#include <atomic>
#include <bit>
#include <cstdint>

namespace parapet {

static_assert(std::endian::native == std::endian::little, "shared layouts are little-endian");

template <typename T>
inline T load_acquire(const std::uint8_t* at) noexcept {
    return std::atomic_ref<T>(*reinterpret_cast<T*>(const_cast<std::uint8_t*>(at))).load(std::memory_order_acquire);
}
template <typename T>
inline T load_relaxed(const std::uint8_t* at) noexcept {
    return std::atomic_ref<T>(*reinterpret_cast<T*>(const_cast<std::uint8_t*>(at))).load(std::memory_order_relaxed);
}
template <typename T>
inline void store_release(std::uint8_t* at, T value) noexcept {
    std::atomic_ref<T>(*reinterpret_cast<T*>(at)).store(value, std::memory_order_release);
}
template <typename T>
inline void store_relaxed(std::uint8_t* at, T value) noexcept {
    std::atomic_ref<T>(*reinterpret_cast<T*>(at)).store(value, std::memory_order_relaxed);
}

}  // namespace parapet
