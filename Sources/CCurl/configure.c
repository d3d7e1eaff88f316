#include "transfer.h"
#include <stdlib.h>
#include <string.h>

static const size_t MAX_HEAD = 64 * 1024;

static void progress(casc_transfer *t) {
    if (t->idle_ms > 0) {
        t->deadline = casc_now() + t->idle_ms;
        t->deadline_result = CASC_TIMEOUT_IDLE;
    } else {
        t->deadline = 0;
    }
}

// Called once for each line of each head, of interim answers and of trailers.
static size_t on_header(char *bytes, size_t size, size_t count, void *user) {
    casc_transfer *t = user;
    size_t length = size * count;
    if (t->is_head_done) return length;
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) t->head_length = 0;
    if (t->head_length + length > MAX_HEAD) {
        t->is_too_large = 1;
        return 0;
    }
    if (t->head_length + length > t->head_capacity) {
        size_t capacity = (t->head_length + length) * 2 + 512;
        char *head = realloc(t->head, capacity);
        if (!head) return 0;
        t->head = head;
        t->head_capacity = capacity;
    }
    memcpy(t->head + t->head_length, bytes, length);
    t->head_length += length;
    if (length == 2 && bytes[0] == '\r') {
        long status = 0;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status >= 200) {
            t->is_head_done = 1;
            progress(t);
            t->callbacks.head(t->context, status, t->head, t->head_length);
        }
    }
    return length;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user) {
    casc_transfer *t = user;
    if (t->callbacks.body(t->context, bytes, size * count)) {
        // A reader that is slow is not an upstream that is silent.
        t->is_paused = 1;
        t->deadline = 0;
        return CURL_WRITEFUNC_PAUSE;
    }
    progress(t);
    return size * count;
}

// Within this time a kept connection that was dead before the request shows it.
#define RESEND_MS 1000

// Called when the connection is there and the next thing is the request.
//
// Where a kept connection ends without an answer libcurl sends the request again, up to five times. That is right for
// one that the server had closed already. A server that had time to work on the request is not asked again.
static int on_request(void *user, char *ip, char *local_ip, int port, int local_port) {
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    casc_transfer *t = user;
    t->is_sent = 1;
    if (t->sent_count++ == 0) {
        t->sent_at = casc_now();
        return CURL_PREREQFUNC_OK;
    }
    return t->sent_count == 2 && casc_now() - t->sent_at < RESEND_MS ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

void casc_forget(CURL *e) {
    curl_easy_setopt(e, CURLOPT_PRIVATE, NULL);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, NULL);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, NULL);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, NULL);
}

#define SET(option, value) bad |= curl_easy_setopt(e, option, value) != CURLE_OK

int casc_prepare(casc_transfer *t) {
    CURL *e = t->easy;
    int bad = 0;
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    // Without it the end of a transfer whose name lookup hangs waits for the lookup's thread.
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    // A transfer that waits holds its buffer.
    SET(CURLOPT_BUFFERSIZE, 2048L);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOPROXY, "");
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    // The same for all transfers of a client.
    if (t->ca_file) SET(CURLOPT_CAINFO, t->ca_file);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_PREREQFUNCTION, on_request);
    return bad;
}

int casc_configure(casc_transfer *t) {
    CURL *e = t->easy;
    int bad = 0;
    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_ERRORBUFFER, t->error);
    SET(CURLOPT_URL, t->url);
    // An empty string, not NULL: NULL would let environment variables choose a proxy.
    SET(CURLOPT_PROXY, t->proxy ? t->proxy : "");
    SET(CURLOPT_CONNECTTIMEOUT_MS, t->connect_ms);
    SET(CURLOPT_TIMEOUT_MS, t->total_ms);
    SET(CURLOPT_HTTPGET, 1L);
    if (t->has_body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_length);
        SET(CURLOPT_POSTFIELDS, t->body ? t->body : "");
    }
    SET(CURLOPT_CUSTOMREQUEST, t->method);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_PREREQDATA, t);
    return bad;
}
#undef SET

int casc_result(CURLcode code, int used_proxy, int sent) {
    switch (code) {
    case CURLE_OK: return CASC_OK;
    case CURLE_URL_MALFORMAT: return CASC_INVALID_URL;
    // Also what an answer gets that does not begin with an HTTP version.
    case CURLE_UNSUPPORTED_PROTOCOL: return sent ? CASC_PROTOCOL : CASC_INVALID_URL;
    case CURLE_COULDNT_RESOLVE_HOST: return CASC_RESOLVE;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY: return CASC_PROXY;
    case CURLE_COULDNT_CONNECT: return used_proxy ? CASC_PROXY : CASC_CONNECT;
    case CURLE_OPERATION_TIMEDOUT: return sent ? CASC_TIMEOUT_TOTAL : CASC_TIMEOUT_CONNECT;
    case CURLE_PARTIAL_FILE: return CASC_TRUNCATED;
    // on_request refused to send again what a connection was lost with.
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return used_proxy && !sent ? CASC_PROXY : CASC_RESET;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_ISSUER_ERROR: return CASC_TLS;
    default: return CASC_PROTOCOL;
    }
}
