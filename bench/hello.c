// The limit of the FastCGI hop: two processes of libfcgi alone that read a request and answer it with 598 bytes.
//
//   hello SOCKET

#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { processes = 2, answer_size = 598, queue_size = 4096 };

static int serve(int listening) {
    char answer[answer_size], body[8192];
    FCGX_Request request;
    memset(answer, ' ', sizeof answer);
    memcpy(answer, "{}", 2);
    if (FCGX_InitRequest(&request, listening, 0) != 0) return 1;
    while (FCGX_Accept_r(&request) == 0) {
        while (FCGX_GetStr(body, sizeof body, request.in) > 0) {}
        FCGX_FPrintF(request.out, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", answer_size);
        FCGX_PutStr(answer, answer_size, request.out);
        FCGX_Finish_r(&request);
    }
    return 1;
}

int main(int count, char **words) {
    if (count != 2 || FCGX_Init() != 0) return 2;
    int listening = FCGX_OpenSocket(words[1], queue_size);
    if (listening < 0 || chmod(words[1], 0666) != 0) return 1;
    for (int number = 1; number < processes; number++) {
        pid_t child = fork();
        if (child < 0) return 1;
        if (child == 0) {
            // The first one is told to end; the others end with it.
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            break;
        }
    }
    return serve(listening);
}
