// One function a method. For the sources of this folder.
#pragma once
#include <nlohmann/json.hpp>

#include "certstore/operations.hpp"
#include "pki/bundle.hpp"

namespace ipsec9000::certstore {

using Task = CertificateTask;

Result<Json> cert_list(const Task& task, const Json& params);
Result<Json> cert_show(const Task& task, const Json& params);
Result<Json> cert_delete(const Task& task, const Json& params);
Result<Json> cert_import(const Task& task, const Json& params);
Result<Json> cert_request(const Task& task, const Json& params);
Result<Json> cert_check(const Task& task, const Json& params);
Result<Json> profile_prepare(const Task& task, const Json& params);
Result<Json> profile_store(const Task& task, const Json& params);
Result<Json> ca_add(const Task& task, const Json& params);
Result<Json> ca_list(const Task& task, const Json& params);
Result<Json> ca_show(const Task& task, const Json& params);
Result<Json> ca_delete(const Task& task, const Json& params);
Result<Json> crl_add(const Task& task, const Json& params);
Result<Json> crl_list(const Task& task, const Json& params);
Result<Json> crl_delete(const Task& task, const Json& params);

Result<std::string> text_of(const Json& params, const char* name);  // invalid_input when it is none
std::string optional_text(const Json& params, const char* name);
Result<pki::Bundle> bundle_of(const Json& params, const char* name = "data_hex");  // with "file_password"

// Replaces the entry of that kind and name, or puts it last.
void put(CertificateContents& contents, CertificateEntry entry);
Result<void> take_out(CertificateContents& contents, EntryKind kind, const std::string& name);
// A name nobody of that kind has yet, unless it is for this very certificate.
std::string free_name(const CertificateContents& contents, EntryKind kind, const pki::Certificate& certificate);

// A CRL counts when a CA here signed it, and is newer than what is there.
Result<void> put_crl(CertificateContents& contents, const pki::Crl& crl);

}  // namespace ipsec9000::certstore
