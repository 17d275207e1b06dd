package call

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// asksPacked makes a request ask for a compressed answer that is unpacked
// here. A caller who says what encodings it reads gets the answer as it came.
func asksPacked(request *http.Request) bool {
	if request.Header.Get("Accept-Encoding") != "" || request.Header.Get("Range") != "" || request.Method == http.MethodHead {
		return false
	}
	request.Header["Accept-Encoding"] = []string{"gzip"}
	return true
}

// unpack makes an answer what it would have been without compression.
func unpack(response *http.Response) {
	if !strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") || response.Body == http.NoBody {
		return
	}
	for _, name := range [...]string{"Content-Encoding", "Content-Length", "Content-Md5", "Digest", "Accept-Ranges"} {
		delete(response.Header, name)
	}
	response.ContentLength = -1
	response.Body = &unpacked{packed: response.Body}
}

// unpacked is a body that is decompressed as it is read.
type unpacked struct {
	packed io.ReadCloser
	reader *gzip.Reader // made at the first read, which may have to wait for it
}

// Read implements [io.Reader].
func (u *unpacked) Read(p []byte) (int, error) {
	if u.reader == nil {
		reader, err := gzip.NewReader(u.packed)
		if err != nil {
			return 0, err
		}
		u.reader = reader
	}
	return u.reader.Read(p)
}

// Close implements [io.Closer].
func (u *unpacked) Close() error { return u.packed.Close() }
