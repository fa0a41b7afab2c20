;;; base.scm -- what R7RS says of procedures that call procedures, in terms of the builtins.
;;;
;;; Nothing here changes what it has given to somebody: results are collected in a new list and
;;; turned round at the end, so a continuation that was captured in the middle of a map can be
;;; entered again without changing the list that the first return gave.
;;;
;;; Names that begin with a percent sign are for this file and for compiled code.

;;; ---- Lists ------------------------------------------------------------------------------------

(define (%check-end who end)
  "who:symbol end -> any
   Raise that a list of the procedure WHO ends with END, unless that is the empty list.
   Cost:    constant"
  (if (not (null? end))
      (error (string-append (symbol->string who) ": expected a proper list, but it ends with") end)))

(define (%all-pairs? lists)
  "lists:list -> boolean
   Whether each of LISTS has an element.
   Cost:    linear in the number of LISTS"
  (or (null? lists)
      (and (pair? (car lists)) (%all-pairs? (cdr lists)))))

(define (%fold-one proc state list who)
  "proc:procedure state list who:symbol -> any
   Call PROC with each element of LIST and STATE; its value is the next STATE. Give the last one.
   Errors:  error when LIST is no proper list, in the name of WHO
   Cost:    linear in LIST"
  (let loop ((list list) (state state))
    (if (pair? list)
        (loop (cdr list) (proc (car list) state))
        (begin
          (%check-end who list)
          state))))

(define (%map-one proc list)
  "proc:procedure list:list -> list
   A new list of what PROC gives for each element of LIST, in order.
   Cost:    linear in LIST"
  (reverse (%fold-one (lambda (element done) (cons (proc element) done)) '() list 'map)))

(define (map proc first . rest)
  "proc:procedure first:list rest:list... -> list
   A new list of what PROC gives for the first elements of the lists, for the second ones and so on,
   up to the end of the shortest.
   Errors:  error when a single list is no proper list
   Cost:    linear in the shortest list
   Example: (map + '(1 2 3) '(10 20)) => (11 22)"
  (if (null? rest)
      (%map-one proc first)
      (let loop ((lists (cons first rest)) (done '()))
        (if (%all-pairs? lists)
            (loop (%map-one cdr lists) (cons (apply proc (%map-one car lists)) done))
            (reverse done)))))

(define (for-each proc first . rest)
  "proc:procedure first:list rest:list... -> any
   Call PROC with the first elements of the lists, with the second ones and so on, up to the end of
   the shortest.
   Errors:  error when a single list is no proper list
   Cost:    linear in the shortest list"
  (if (null? rest)
      (let loop ((list first))
        (if (pair? list)
            (begin
              (proc (car list))
              (loop (cdr list)))
            (%check-end 'for-each list)))
      (let loop ((lists (cons first rest)))
        (if (%all-pairs? lists)
            (begin
              (apply proc (%map-one car lists))
              (loop (%map-one cdr lists)))))))

(define (member object list . compare)
  "object list:list compare:procedure... -> any
   The part of LIST that begins with OBJECT, compared by equal? or by COMPARE; or #f.
   Errors:  error when LIST is no proper list
   Cost:    linear in LIST
   Example: (member 2.0 '(1 2 3) =) => (2 3)"
  (let ((same? (if (pair? compare) (car compare) equal?)))
    (let loop ((rest list))
      (cond ((not (pair? rest)) (%check-end 'member rest) #f)
            ((same? object (car rest)) rest)
            (else (loop (cdr rest)))))))

(define (assoc object alist . compare)
  "object alist:list compare:procedure... -> any
   The first pair of ALIST whose car is OBJECT, compared by equal? or by COMPARE; or #f.
   Errors:  error when ALIST is no proper list; wrong-type when an element is no pair
   Cost:    linear in ALIST
   Example: (assoc \"b\" '((\"a\" . 1) (\"b\" . 2))) => (\"b\" . 2)"
  (let ((same? (if (pair? compare) (car compare) equal?)))
    (let loop ((rest alist))
      (cond ((not (pair? rest)) (%check-end 'assoc rest) #f)
            ((same? object (car (car rest))) (car rest))
            (else (loop (cdr rest)))))))

;;; ---- Strings and vectors ----------------------------------------------------------------------

(define (string-map proc first . rest)
  "proc:procedure first:string rest:string... -> string
   A new string of the characters that PROC gives for the characters of the strings, up to the end
   of the shortest.
   Errors:  wrong-type when PROC gives something else
   Cost:    linear in the strings
   Example: (string-map char-upcase \"abc\") => \"ABC\""
  (list->string (apply map proc (%map-one string->list (cons first rest)))))

(define (string-for-each proc first . rest)
  "proc:procedure first:string rest:string... -> any
   Call PROC with the characters of the strings, up to the end of the shortest.
   Cost:    linear in the strings"
  (apply for-each proc (%map-one string->list (cons first rest))))

(define (vector-map proc first . rest)
  "proc:procedure first:vector rest:vector... -> vector
   A new vector of what PROC gives for the elements of the vectors, up to the end of the shortest.
   Cost:    linear in the vectors
   Example: (vector-map + #(1 2) #(10 20 30)) => #(11 22)"
  (list->vector (apply map proc (%map-one vector->list (cons first rest)))))

(define (vector-for-each proc first . rest)
  "proc:procedure first:vector rest:vector... -> any
   Call PROC with the elements of the vectors, up to the end of the shortest.
   Cost:    linear in the vectors"
  (apply for-each proc (%map-one vector->list (cons first rest))))

;;; ---- Sorting ----------------------------------------------------------------------------------

(define (%merge less? a b)
  "less?:procedure a:list b:list -> list
   The elements of A and B, which are sorted, in one sorted list; of equal ones those of A first.
   Cost:    linear in both"
  (let loop ((a a) (b b) (done '()))
    (cond ((null? a) (append (reverse done) b))
          ((null? b) (append (reverse done) a))
          ((less? (car b) (car a)) (loop a (cdr b) (cons (car b) done)))
          (else (loop (cdr a) b (cons (car a) done))))))

(define (list-sort less? list)
  "less?:procedure list:list -> list
   A new list of the elements of LIST, none LESS? than the one before it; equal ones keep their
   order.
   Errors:  wrong-type when LIST is no proper list
   Cost:    N log N calls of LESS? for N elements
   Source:  merge sort from the top
   Example: (list-sort < '(3 1 2)) => (1 2 3)"
  (let sort ((list list) (count (length list)))
    (if (< count 2)
        (if (= count 0) '() (cons (car list) '()))
        (let ((half (quotient count 2)))
          (%merge less? (sort list half) (sort (list-tail list half) (- count half)))))))

(define (vector-sort less? vector)
  "less?:procedure vector:vector -> vector
   A new vector of the elements of VECTOR, sorted as by list-sort.
   Cost:    N log N calls of LESS? for N elements"
  (list->vector (list-sort less? (vector->list vector))))

(define (sort sequence less?)
  "sequence less?:procedure -> any
   A new list or vector of the elements of SEQUENCE, sorted as by list-sort.
   Cost:    N log N calls of LESS? for N elements
   Example: (sort '(3 1 2) >) => (3 2 1)"
  (if (vector? sequence)
      (vector-sort less? sequence)
      (list-sort less? sequence)))

;;; ---- Promises ---------------------------------------------------------------------------------

;;; The content of a promise is a pair: whether it was forced, and its value or a thunk. A promise
;;; that another one turned out to be shares its content (R7RS 7.3), so chains of delay-force run
;;; in constant space.

(define-record-type promise
  (%promise-of content)
  promise?
  (content %promise-content %promise-content!))

(define (%delay-force thunk)
  "thunk:procedure -> promise
   The promise of what the promise that THUNK gives is forced to."
  (%promise-of (cons #f thunk)))

(define (%delay thunk)
  "thunk:procedure -> promise
   The promise of what THUNK gives."
  (%delay-force (lambda () (%promise-of (cons #t (thunk))))))

(define (make-promise object)
  "object -> promise
   A promise that is forced already, to OBJECT; OBJECT itself when it is a promise."
  (if (promise? object)
      object
      (%promise-of (cons #t object))))

(define (%force-content promise)
  "promise -> any
   Run the thunk of PROMISE, unless it was forced meanwhile, and those of what it turns out to be.
   Cost:    constant space, whatever the chain"
  (let ((content (%promise-content promise)))
    (if (car content)
        (cdr content)
        (let ((next ((cdr content))))
          (if (not (car content))
              (let ((further (%promise-content next)))
                (set-car! content (car further))
                (set-cdr! content (cdr further))
                (%promise-content! next content)))
          (%force-content promise)))))

(define (force object)
  "object -> any
   The value of the promise OBJECT, computed once; any other OBJECT is given as it is."
  (if (promise? object)
      (%force-content object)
      object))

;;; ---- Records ----------------------------------------------------------------------------------

(define (%record-constructor type indexes)
  "type indexes:vector -> procedure
   A procedure that makes a record of TYPE, whose arguments are the fields at INDEXES."
  (lambda values
    (if (not (= (length values) (vector-length indexes)))
        (error "a record was made with the wrong number of fields; expected, got"
               (vector-length indexes) (length values)))
    (let ((record (%make-record type)))
      (let loop ((i 0) (values values))
        (if (null? values)
            record
            (begin
              (%record-set! type record (vector-ref indexes i) (car values))
              (loop (+ i 1) (cdr values))))))))

(define (%record-predicate type)
  "type -> procedure
   A procedure that tells whether its argument is a record of TYPE."
  (lambda (object) (%record-of? type object)))

(define (%record-accessor type index)
  "type index:index -> procedure
   A procedure that gives field INDEX of a record of TYPE."
  (lambda (record) (%record-ref type record index)))

(define (%record-modifier type index)
  "type index:index -> procedure
   A procedure that changes field INDEX of a record of TYPE."
  (lambda (record value) (%record-set! type record index value)))

;;; ---- Tables -----------------------------------------------------------------------------------

(define %absent (list 'absent))

(define (hash-table-ref table key . handlers)
  "table:table key handlers:procedure... -> any
   What the second of HANDLERS gives for the value of KEY in TABLE, or that value; when there is
   none, what the first one gives.
   Errors:  error when there is neither the key nor a handler"
  (let ((value (hash-table-ref/default table key %absent)))
    (cond ((not (eq? value %absent))
           (if (and (pair? handlers) (pair? (cdr handlers)))
               ((cadr handlers) value)
               value))
          ((pair? handlers) ((car handlers)))
          (else (error "hash-table-ref: the table has no key" key)))))

(define (hash-table-update! table key proc . handlers)
  "table:table key proc:procedure handlers:procedure... -> any
   Make what PROC gives for the value of KEY in TABLE its value; see hash-table-ref for HANDLERS.
   Errors:  error when there is neither the key nor a handler"
  (hash-table-set! table key (proc (apply hash-table-ref table key handlers))))

(define (hash-table-update!/default table key proc default)
  "table:table key proc:procedure default -> any
   Make what PROC gives for the value of KEY in TABLE, or for DEFAULT, its value.
   Example: (let ((t (make-eqv-hash-table)))
              (hash-table-update!/default t 1 (lambda (n) (+ n 1)) 0)
              (hash-table-ref/default t 1 #f)) => 1"
  (hash-table-set! table key (proc (hash-table-ref/default table key default))))

(define (hash-table-walk table proc)
  "table:table proc:procedure -> any
   Call PROC with each key of TABLE and its value, as the table was at the start.
   Cost:    linear in TABLE"
  (for-each (lambda (entry) (proc (car entry) (cdr entry))) (hash-table->alist table)))

(define (hash-table-fold table proc seed)
  "table proc seed -> any
   Call PROC with each key of TABLE, its value and SEED, which becomes what PROC gives; the last one.
   TABLE may also stand last, as in SRFI 125.
   Cost:    linear in the table"
  (if (hash-table? table)
      (%fold-one (lambda (entry state) (proc (car entry) (cdr entry) state))
                 seed (hash-table->alist table) 'hash-table-fold)
      (hash-table-fold seed table proc)))
