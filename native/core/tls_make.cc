#include "tls_make.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "address.h"
#include "tls_openssl.h"

namespace parapet {

namespace {

using ExtensionOwner = std::unique_ptr<X509_EXTENSION, Freeing<X509_EXTENSION_free>>;

bool add_extension(X509* certificate, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const ExtensionOwner extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) noexcept {
    std::uint64_t serial = 0;
    return RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1 &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

bool fill(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names, std::uint32_t days) {
    std::string alternatives;
    for (const std::string& name : names) alternatives += (alternatives.empty() ? "" : ",") + std::string(Address::is_literal(name) ? "IP:" : "DNS:") + name;
    const auto* common = reinterpret_cast<const unsigned char*>(names.front().c_str());
    X509_NAME* subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nullptr &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(days) * 86400) != nullptr &&
        X509_set_pubkey(certificate, key) == 1 && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common, -1, -1, 0) == 1 &&
        X509_set_issuer_name(certificate, subject) == 1 && add_extension(certificate, NID_subject_alt_name, alternatives) &&
        add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
        add_extension(certificate, NID_ext_key_usage, "serverAuth") && X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string text_of(BIO* bio) {
    char* at = nullptr;
    const long length = BIO_get_mem_data(bio, &at);
    return length > 0 ? std::string(at, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace

bool make_certificate(const std::vector<std::string>& names, std::uint32_t days, MadeCertificate& out) noexcept {
    ERR_clear_error();
    const KeyOwner key(EVP_EC_gen("P-256"));
    const X509Owner certificate(X509_new());
    const BioOwner certificate_text(BIO_new(BIO_s_mem()));
    const BioOwner key_text(BIO_new(BIO_s_mem()));
    const bool made = key && certificate && certificate_text && key_text && !names.empty() &&
        fill(certificate.get(), key.get(), names, days) && PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1 &&
        PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
    ERR_clear_error();
    if (!made) return false;
    out.certificate = text_of(certificate_text.get());
    out.key = text_of(key_text.get());
    return true;
}

}  // namespace parapet
