// Values of JavaScript objects: reads for options, where absent or wrong values leave the default, and writes for results.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace parapet::binding {

inline bool read_property(napi_env env, napi_value object, const char* name, napi_value& out) {
    return object != nullptr && napi_get_named_property(env, object, name, &out) == napi_ok;
}

/// Number under `name`, clamped to what `T` holds; false if there is none.
template <typename T>
bool read_number(napi_env env, napi_value object, const char* name, T& out) {
    napi_value value = nullptr;
    double number = 0;
    if (!read_property(env, object, name, value) || napi_get_value_double(env, value, &number) != napi_ok) return false;
    const double largest = static_cast<double>(static_cast<T>(~T{0}));
    out = number <= 0 ? T{0} : number >= largest ? static_cast<T>(~T{0}) : static_cast<T>(number);
    return true;
}

inline bool read_int(napi_env env, napi_value object, const char* name, std::int32_t& out) {
    napi_value value = nullptr;
    return read_property(env, object, name, value) && napi_get_value_int32(env, value, &out) == napi_ok;
}

inline bool text_of(napi_env env, napi_value value, std::string& out) {
    std::size_t length = 0;
    if (value == nullptr || napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
    out.resize(length);
    return napi_get_value_string_utf8(env, value, out.data(), length + 1, &length) == napi_ok;
}

inline bool read_text(napi_env env, napi_value object, const char* name, std::string& out) {
    napi_value value = nullptr;
    return read_property(env, object, name, value) && text_of(env, value, out);
}

/// Calls `each(index, element)` for every element of the array under `name` (or of `object` itself where `name` is null).
template <typename Each>
void for_each(napi_env env, napi_value object, const char* name, Each&& each) {
    napi_value array = object;
    if (name != nullptr && !read_property(env, object, name, array)) return;
    bool is_array = false;
    std::uint32_t length = 0;
    if (napi_is_array(env, array, &is_array) != napi_ok || !is_array || napi_get_array_length(env, array, &length) != napi_ok) return;
    for (std::uint32_t i = 0; i < length; ++i) {
        napi_value element = nullptr;
        if (napi_get_element(env, array, i, &element) == napi_ok) each(i, element);
    }
}

inline std::uint64_t hex_of(const std::string& text, std::size_t from = 0) {
    std::uint64_t value = 0;
    for (std::size_t i = from; i < text.size() && i < from + 16; ++i) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 0;
        value = value << 4 | static_cast<std::uint64_t>(digit);
    }
    return value;
}

inline napi_value undefined(napi_env env) {
    napi_value value = nullptr;
    (void)napi_get_undefined(env, &value);
    return value;
}

inline napi_value number(napi_env env, double value) {
    napi_value result = nullptr;
    (void)napi_create_double(env, value, &result);
    return result;
}

inline bool set_number(napi_env env, napi_value object, const char* name, double value) {
    return napi_set_named_property(env, object, name, number(env, value)) == napi_ok;
}

inline bool set_bool(napi_env env, napi_value object, const char* name, bool flag) {
    napi_value value = nullptr;
    return napi_get_boolean(env, flag, &value) == napi_ok && napi_set_named_property(env, object, name, value) == napi_ok;
}

inline bool set_text(napi_env env, napi_value object, const char* name, std::string_view text) {
    napi_value value = nullptr;
    return napi_create_string_utf8(env, text.data(), text.size(), &value) == napi_ok &&
        napi_set_named_property(env, object, name, value) == napi_ok;
}

}  // namespace parapet::binding
