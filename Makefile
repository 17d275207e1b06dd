.PHONY: test
test:
	./test.sh
